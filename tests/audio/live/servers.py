"""Small servers on this machine: a radio station by HTTP, files, and a camera by RTSP."""

from __future__ import annotations

import contextlib
import socket
import struct
import threading
from functools import partial
from http.server import BaseHTTPRequestHandler, SimpleHTTPRequestHandler, ThreadingHTTPServer

import numpy as np


@contextlib.contextmanager
def http_server(handler, tls=None):
    """Serve at a free port, by TLS with the context of a server; yields the address."""
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        if tls is not None:
            # Greets in the thread of the connection: a client that hangs up would end the server otherwise.
            server.socket = tls.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
        server.handle_error = lambda *_: None  # a client that refuses the certificate
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        try:
            yield f"{'http://127.0.0.1' if tls is None else 'https://localhost'}:{server.server_port}"
        finally:
            server.shutdown()


def radio(data, connections, *, n_endless=None, n_served=None):
    """A station that sends `data` to every listener and closes the connection.

    It declares no length, except to the listeners after the first `n_endless`. After the first `n_served` it has none.
    """

    class Radio(BaseHTTPRequestHandler):
        def do_GET(self):
            connections.append(self.path)
            if n_served is not None and len(connections) > n_served:
                self.send_error(404)
                return
            self.send_response(200)
            self.send_header("Content-Type", "audio/aac")
            if n_endless is not None and len(connections) > n_endless:
                self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            with contextlib.suppress(ConnectionError):
                self.wfile.write(data)

        def log_message(self, *_):
            pass

    return Radio


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_):
        pass


def files(folder):
    """The files of a folder, with their length."""
    return partial(_Quiet, directory=str(folder))


class RtspCamera:
    """A camera that sends 16-bit sound at 16 kHz through its RTSP connection, and closes it after the last packet."""

    SDP = "v=0\r\no=- 0 0 IN IP4 127.0.0.1\r\ns=c\r\nt=0 0\r\nm=audio 0 RTP/AVP 97\r\na=rtpmap:97 L16/16000/1\r\n"

    def __init__(self, samples, *, lost=(), tls=None):
        self._packets = np.split((samples * 32767).astype(">i2"), range(320, len(samples), 320))
        self._lost, self._tls = lost, tls
        self._socket = socket.create_server(("127.0.0.1", 0))
        port = self._socket.getsockname()[1]
        scheme, host = ("rtsp", "127.0.0.1") if tls is None else ("rtsps", "localhost")
        self.address = f"{scheme}://user:secret@{host}:{port}/sound"
        self.requests = []
        self.n_connections = 0
        threading.Thread(target=self._run, daemon=True).start()

    def close(self):
        self._socket.close()

    def _run(self):
        with contextlib.suppress(OSError):
            while True:
                connection, _ = self._socket.accept()
                self.n_connections += 1
                with connection, contextlib.suppress(OSError):
                    self._answer(connection)

    def _answer(self, connection):
        if self._tls is None:
            self._serve(connection)
            return
        with self._tls.wrap_socket(connection, server_side=True, do_handshake_on_connect=False) as secure:
            secure.do_handshake()
            self._serve(secure)

    def _serve(self, connection):
        pending = b""
        while True:
            received = connection.recv(4096)
            if not received:
                return
            pending += received
            while b"\r\n\r\n" in pending:
                request, pending = pending.split(b"\r\n\r\n", 1)
                lines = request.decode().split("\r\n")
                fields = dict(line.split(": ", 1) for line in lines[1:])
                method = lines[0].split()[0]
                self.requests.append(method)
                more, body = "", ""
                if method == "OPTIONS":
                    more = "Public: OPTIONS, DESCRIBE, SETUP, PLAY\r\n"
                elif method == "DESCRIBE":
                    body = self.SDP
                    more = f"Content-Type: application/sdp\r\nContent-Length: {len(body)}\r\n"
                elif method == "SETUP":
                    more = f"Transport: {fields['Transport']};interleaved=0-1\r\nSession: 1\r\n"
                connection.sendall(f"RTSP/1.0 200 OK\r\nCSeq: {fields['CSeq']}\r\n{more}\r\n{body}".encode())
                if method == "PLAY":
                    self._play(connection)
                    return

    def _play(self, connection):
        for number, samples in enumerate(self._packets):
            if number not in self._lost:
                payload = struct.pack(">BBHII", 0x80, 97, number & 0xFFFF, 320 * number, 1) + samples.tobytes()
                connection.sendall(b"$\0" + struct.pack(">H", len(payload)) + payload)
