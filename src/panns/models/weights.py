"""Record of a published weights file: address, licence and digests.

`panns.hub.download` downloads the file.
"""

from __future__ import annotations

import ipaddress
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal
from urllib.parse import urlsplit

Check = Literal["sha256", "md5", "size", "none"]

_HEX_DIGITS = {"sha256": 64, "md5": 32}
# File names that are safe on every system: no separators, no drive letters, no hidden files.
_PLAIN_FILE = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.=+-]*")


@dataclass(frozen=True)
class Weights:
    """One published weights file. Fields that the publisher does not give stay None."""

    url: str
    file: str  # name in the cache
    licence: str
    source: str  # publisher: a record, a release, a paper
    n_bytes: int | None = None
    sha256: str | None = None
    md5: str | None = None
    metric: str | None = None  # such as "mAP"
    value: float | None = None
    protocol: str = "AudioSet evaluation set, as published"
    note: str | None = None  # such as "sha256 from one public registry, unconfirmed"

    def __post_init__(self) -> None:
        if not is_fetchable_url(self.url):
            raise ValueError(f"url={self.url!r} is not an https address; weights are downloaded over https only")
        if not _PLAIN_FILE.fullmatch(self.file):
            raise ValueError(f"file={self.file!r} is not a plain file name; use letters, digits and _ . = + - only")
        if not self.licence or not self.source:
            raise ValueError(f"licence={self.licence!r} and source={self.source!r} of {self.file}; give both")
        if self.n_bytes is not None and self.n_bytes < 1:
            raise ValueError(f"n_bytes={self.n_bytes} is not a file size; use at least 1, or None if it is unknown")
        for name, digest in self.digests.items():
            if not re.fullmatch(rf"[0-9a-f]{{{_HEX_DIGITS[name]}}}", digest):
                raise ValueError(f"{name}={digest!r} must have {_HEX_DIGITS[name]} lower-case hexadecimal digits")
        if (self.metric is None) != (self.value is None):
            raise ValueError(f"metric={self.metric!r} and value={self.value!r}: give both or neither")
        if self.value is not None and not math.isfinite(self.value):
            raise ValueError(f"value={self.value} must be a finite number")

    @property
    def digests(self) -> dict[str, str]:
        """Published digests by algorithm, strongest first."""
        known = {"sha256": self.sha256, "md5": self.md5}
        return {name: digest for name, digest in known.items() if digest is not None}

    @property
    def check(self) -> Check:
        """Strongest check that the record allows."""
        if self.sha256 is not None:
            return "sha256"
        if self.md5 is not None:
            return "md5"
        return "none" if self.n_bytes is None else "size"

    def describe_check(self) -> str:
        """Description of the strongest check, for people."""
        note = f" ({self.note})" if self.note else ""
        if self.check in ("sha256", "md5"):
            return f"{self.check} known{note}"
        if self.n_bytes is not None:
            return f"no published digest; only the size, {self.n_bytes:,} bytes, can be checked{note}"
        return f"no published digest; the file cannot be checked{note}"

    def mismatch(self, *, n_bytes: int, digests: Mapping[str, str]) -> str | None:
        """Difference between a file of this size and these digests and the published one; None if they agree."""
        if n_bytes == 0:
            return "the file is empty"
        if self.n_bytes is not None and n_bytes != self.n_bytes:
            return f"expected {self.n_bytes:,} bytes, got {n_bytes:,}"
        for name, expected in self.digests.items():
            if digests[name] != expected:
                return f"expected {name} {expected}, got {digests[name]}"
        return None


def is_fetchable_url(url: str) -> bool:
    """True if weights may be downloaded from an address: https, or http on this machine (a mirror, a test).

    >>> is_fetchable_url("https://zenodo.org/record/3987831/files/Cnn14_mAP%3D0.431.pth?download=1")
    True
    >>> is_fetchable_url("http://127.0.0.1:8000/cnn14.pth"), is_fetchable_url("http://zenodo.org/cnn14.pth")
    (True, False)
    """
    if not re.fullmatch(r"[!-~]+", url):
        return False
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port  # raises for a port that is not a number
    except ValueError:
        return False
    if not host or port == 0 or parts.username is not None:
        return False
    return parts.scheme == "https" or (parts.scheme == "http" and _is_loopback(host))


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
