"""A certificate for a server on this machine."""

from __future__ import annotations

import shutil
import ssl
import subprocess
from pathlib import Path

import pytest


def server_tls(folder: Path, name: str) -> tuple[ssl.SSLContext, str]:
    """The context of a server of that name, and its certificate, which is self-signed."""
    if shutil.which("openssl") is None:
        pytest.skip("the program openssl makes the certificates, and is not installed")
    certificate, key = folder / f"{name}.pem", folder / f"{name}.key"
    curve = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2")
    named = ("-subj", f"/CN={name}", "-addext", f"subjectAltName=DNS:{name}")
    command = ["openssl", "req", "-x509", *curve, *named, "-keyout", str(key), "-out", str(certificate)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.skip(f"openssl cannot make a certificate: {done.stderr}")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    return context, str(certificate)
