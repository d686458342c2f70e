"""Certificates of servers: FFmpeg verifies them only on request, and does not say why it refused one."""

from __future__ import annotations

import socket
import ssl
from contextlib import suppress
from urllib.parse import urlsplit

from panns.system.files import is_file

# Debian, Fedora, Alpine and macOS, openSUSE, FreeBSD.
_SYSTEM_FILES = (
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/cert.pem",
    "/etc/ssl/ca-bundle.pem",
    "/usr/local/share/certs/ca-root-nss.crt",
)
_PORTS = {"https": 443, "rtsps": 322}


def tls_options() -> dict[str, str]:
    """Options of FFmpeg that refuse a server without a trusted certificate.

    Trusted are those that Python trusts, which `SSL_CERT_FILE` can name. Python may know only a folder of them,
    which FFmpeg cannot read; then the file of the system is used. Windows has neither, and FFmpeg knows its store.
    """
    file = ssl.get_default_verify_paths().cafile or next(filter(is_file, _SYSTEM_FILES), None)
    return {"tls_verify": "1", **({} if file is None else {"ca_file": file})}


def certificate_problem(address: str, *, timeout_s: float) -> str | None:
    """Reason why the certificate of an address is refused; None for a trusted one, or if that cannot be found out.

    Sends nothing but the greeting of TLS.
    """
    with suppress(OSError, ValueError):  # no answer, no TLS, or no address
        parts = urlsplit(address)
        port = parts.port or _PORTS.get(parts.scheme.lower())
        if port is None or parts.hostname is None:
            return None
        context = ssl.create_default_context()
        try:
            with (
                socket.create_connection((parts.hostname, port), timeout=timeout_s) as connection,
                context.wrap_socket(connection, server_hostname=parts.hostname),
            ):
                return None
        except ssl.SSLCertVerificationError as exc:
            return exc.verify_message
    return None
