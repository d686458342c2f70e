"""A server on this machine that fails in the ways real servers do."""

import http.server
import random
import re
import threading

BODY = random.Random(0).randbytes(3_000_000)


class Server(http.server.ThreadingHTTPServer):
    """Serves `body`, or those of `files` by path. Each request takes the next step of `plan`, or "ok" after the last.

    Steps: "ok", "no range", "chunked", "unknown length", "html", "wrong part", ("drop", n), ("stall", n), (status,),
    (status, location), ("raw", bytes of a whole reply).
    """

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.body, self.etag, self.modified = BODY, '"one"', None
        self.files = None
        self.plan, self.ranges, self.paths = [], [], []
        self.sent = 0
        self.half_sent, self.go_on = threading.Event(), threading.Event()

    def handle_error(self, request, client_address):
        pass  # some tests disconnect on purpose


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Server

    def log_message(self, *_):
        pass

    def do_GET(self):
        server = self.server
        step = server.plan.pop(0) if server.plan else "ok"
        server.ranges.append(self.headers.get("Range"))
        server.paths.append(self.path)
        self.close_connection = True
        if isinstance(step, tuple) and step[0] in ("drip", "drip headers", "length", "endless", "raw"):
            self.misbehave(*step)
            return
        if server.files is not None and self.path not in server.files:
            step = (404,)
        if isinstance(step, tuple) and isinstance(step[0], int):
            self.refuse(*step)
            return
        body, start = server.body if server.files is None else server.files[self.path], 0
        requested = re.fullmatch(r"bytes=(\d+)-", self.headers.get("Range", ""))
        validator = server.etag or server.modified
        if requested and step != "no range" and self.headers.get("If-Range", validator) == validator:
            start = int(requested[1])
            if start >= len(body):
                self.send_response(416)
                self.send_header("Content-Range", f"bytes */{len(body)}")
                self.send_header("Content-Length", "0")
                self.end_headers()
                return
            self.send_response(206)
            shown = start + 1 if step == "wrong part" else start
            self.send_header("Content-Range", f"bytes {shown}-{len(body) - 1}/{len(body)}")
        else:
            self.send_response(200)
        self.send_header("Content-Type", "text/html; charset=utf-8" if step == "html" else "application/octet-stream")
        if server.etag:
            self.send_header("ETag", server.etag)
        if server.modified:
            self.send_header("Last-Modified", server.modified)
        if step == "chunked":
            self.send_header("Transfer-Encoding", "chunked")
        elif step != "unknown length":
            self.send_header("Content-Length", str(len(body) - start))
        self.end_headers()
        if step == "chunked":
            self.write(b"%x\r\n" % len(body) + body + b"\r\n0\r\n\r\n")
            return
        stop = start + step[1] if isinstance(step, tuple) else len(body)
        self.write(body[start:stop])
        if isinstance(step, tuple) and step[0] == "stall":
            server.half_sent.set()
            server.go_on.wait(600)
            self.write(body[stop:])

    def refuse(self, status, location=None):
        self.send_response(status)
        if location is not None:
            self.send_header("Location", location)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def misbehave(self, kind, value=None):
        """Send a reply that never ends, or one of an impossible length."""
        if kind == "drip headers":
            self.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Type: ")
            self.drip(b"a")
            return
        if kind == "raw":
            self.wfile.write(value)
            return
        self.send_response(200)
        self.send_header("Content-Length" if kind == "length" else "X", value or str(len(BODY)))
        if kind == "drip":
            self.send_header("Content-Length", str(len(BODY)))
        self.end_headers()
        if kind == "drip":
            self.drip(b"a")
        while kind == "endless" and not self.server.go_on.is_set():
            self.write(bytes(100_000))

    def drip(self, data):
        while not self.server.go_on.wait(0.02):
            self.wfile.write(data)

    def write(self, data):
        self.wfile.write(data)
        self.server.sent += len(data)
