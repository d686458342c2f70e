"""HTTP connections that end: no reply, however slowly it drips in, holds a download longer than its limit.

A timeout of a socket counts silence only, so a server that sends a byte now and then could hold a reader of headers or
of chunk sizes for days. The guard ends the connection from outside.
"""

from __future__ import annotations

import contextlib
import http.client
import socket
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from types import TracebackType
from typing import IO, Any

from panns.models.weights import is_fetchable_url

_TICK_S = 0.5


class Guard:
    """Ends the connections that it watches at a time that moves on with each `allow`.

    Args:
        limit_s: Seconds that `allow` gives, > 0.

    Attributes:
        has_cut: True after the guard has ended the connections.
    """

    def __init__(self, limit_s: float) -> None:
        self.has_cut = False
        self._limit_s = limit_s
        self._until_s = time.monotonic() + limit_s
        self._sockets: list[socket.socket] = []
        self._is_done = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="panns-guard", daemon=True)

    def allow(self) -> None:
        """Allow the limit again, from now on."""
        self._until_s = time.monotonic() + self._limit_s

    def add(self, connected: socket.socket) -> None:
        """Watch a connection."""
        # A copy of the descriptor, because TLS takes the socket itself over.
        self._sockets.append(connected.dup())

    def _watch(self) -> None:
        while not self._is_done.wait(min(_TICK_S, self._limit_s)):
            if time.monotonic() > self._until_s:
                self.has_cut = True
                for one in self._sockets:
                    with contextlib.suppress(OSError):
                        one.shutdown(socket.SHUT_RDWR)

    def __enter__(self) -> Guard:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._is_done.set()
        self._thread.join()
        for one in self._sockets:
            one.close()


def open_url(url: str, headers: dict[str, str], *, timeout_s: float, guard: Guard) -> http.client.HTTPResponse:
    """Request an address; follows safe redirects.

    Raises:
        OSError, http.client.HTTPException: As `urllib.request` raises them.
    """
    request = urllib.request.Request(url, headers=headers)  # noqa: S310 - the record of weights allows https only
    opener = urllib.request.build_opener(_SafeRedirects, _guarded_http(guard), _guarded_https(guard))
    response: http.client.HTTPResponse = opener.open(request, timeout=timeout_s)
    return response


def _guarded_http(guard: Guard) -> urllib.request.HTTPHandler:
    class Handler(urllib.request.HTTPHandler):
        def do_open(self, http_class: Any, req: urllib.request.Request, **more: Any) -> http.client.HTTPResponse:  # noqa: ANN401 - as in urllib
            response: http.client.HTTPResponse = super().do_open(_guarded(http_class, guard), req, **more)
            return response

    return Handler()


def _guarded_https(guard: Guard) -> urllib.request.HTTPSHandler:
    class Handler(urllib.request.HTTPSHandler):
        def do_open(self, http_class: Any, req: urllib.request.Request, **more: Any) -> http.client.HTTPResponse:  # noqa: ANN401 - as in urllib
            response: http.client.HTTPResponse = super().do_open(_guarded(http_class, guard), req, **more)
            return response

    return Handler()


def _guarded(http_class: Callable[..., Any], guard: Guard) -> Callable[..., Any]:
    """Maker of connections of a class, which the guard watches from the first byte on."""

    def make(host: str, **more: Any) -> Any:  # noqa: ANN401 - as in urllib
        connection = http_class(host, **more)
        connect = connection._create_connection  # noqa: SLF001 - the only place before TLS begins

        def connect_and_watch(*where: Any, **how: Any) -> socket.socket:  # noqa: ANN401 - of `socket.create_connection`
            connected: socket.socket = connect(*where, **how)
            guard.add(connected)
            return connected

        connection._create_connection = connect_and_watch  # noqa: SLF001
        return connection

    return make


class _SafeRedirects(urllib.request.HTTPRedirectHandler):
    """Redirect handler that follows https (or this machine) only, and never goes from https to http."""

    def http_error_302(
        self, req: urllib.request.Request, fp: IO[bytes], code: int, msg: str, headers: http.client.HTTPMessage
    ) -> Any | None:  # noqa: ANN401 - as in urllib
        try:
            return super().http_error_302(req, fp, code, msg, headers)
        except BaseException:  # such as an address that is none, for which urllib leaves the connection open
            fp.close()
            raise

    http_error_301 = http_error_303 = http_error_307 = http_error_308 = http_error_302

    def redirect_request(
        self,
        req: urllib.request.Request,
        fp: IO[bytes],
        code: int,
        msg: str,
        headers: http.client.HTTPMessage,
        newurl: str,
    ) -> urllib.request.Request | None:
        if not is_fetchable_url(newurl) or (req.type == "https" and not newurl.lower().startswith("https:")):
            raise urllib.error.HTTPError(req.full_url, code, f"redirect to {newurl}, not https", headers, fp)
        return super().redirect_request(req, fp, code, msg, headers, newurl)
