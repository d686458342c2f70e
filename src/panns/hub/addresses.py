"""Addresses of shared models: of a checkpoint folder, of one file, or of a repository of Hugging Face.

https://host/folder             a checkpoint folder; its files are beside its model.json
https://host/model.panns        a packed checkpoint
https://host/model.onnx         an exported file
hf:owner/name[@revision]        a checkpoint folder in a repository

`#sha256=` and the digest of the file, or of the folder's model.json, may follow.
"""

from __future__ import annotations

import hashlib
import os
import re
from dataclasses import dataclass
from pathlib import PurePosixPath
from urllib.parse import quote, urlsplit, urlunsplit

from panns.checkpoints.checkpoint import MANIFEST_FILE
from panns.errors import UnknownModel
from panns.models.weights import is_fetchable_url
from panns.system.safe_text import without_password

PACKED_SUFFIX, EXPORTED_SUFFIX = ".panns", ".onnx"
ENDPOINT_VARIABLE = "HF_ENDPOINT"  # of a mirror; every program of Hugging Face reads it
_ENDPOINT = "https://huggingface.co"
_SCHEME = re.compile(r"(?:https?|hf):", re.IGNORECASE)
_NAME = r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,95}"
_REPOSITORY = re.compile(rf"hf:({_NAME}/{_NAME})(?:@([A-Za-z0-9_][A-Za-z0-9_./-]{{0,199}}))?", re.IGNORECASE)


@dataclass(frozen=True)
class Address:
    """Address of a shared model.

    Attributes:
        text: The address, without a digest.
        url: Address of the folder or file; for a repository, where its files are.
        sha256: Digest of the file, or of the folder's model.json; None if none was given.
    """

    text: str
    url: str
    sha256: str | None = None

    @property
    def file_suffix(self) -> str:
        """Suffix of an address of one file, ".panns" or ".onnx"; empty for a folder."""
        suffix = PurePosixPath(urlsplit(self.url).path).suffix.lower()
        return suffix if suffix in (PACKED_SUFFIX, EXPORTED_SUFFIX) else ""

    @property
    def key(self) -> str:
        """Name of its folder in the cache."""
        words = re.sub(r"[^A-Za-z0-9]+", "-", self.text.partition("?")[0]).strip("-")
        return f"{words[-60:].lstrip('-')}-{hashlib.sha256(self.text.encode()).hexdigest()[:12]}"

    def url_of(self, name: str) -> str:
        """Address of a file of the folder."""
        parts = urlsplit(self.url)
        return urlunsplit(parts._replace(path=f"{parts.path.rstrip('/')}/{name}"))


def is_address(model: str) -> bool:
    """True if a model is given by an address, rather than by a name or a path.

    >>> is_address("hf:me/model"), is_address("https://example.org/model"), is_address("mn04_as")
    (True, True, False)
    """
    return _SCHEME.match(model) is not None


def read_address(text: str) -> Address:
    """Read an address.

    Raises:
        UnknownModel: The text is not the address of a model.

    >>> read_address("hf:me/birds@v1").url_of("model.json")
    'https://huggingface.co/me/birds/resolve/v1/model.json'
    """
    place, _, digest = text.partition("#")
    pinned = re.fullmatch("sha256=([0-9a-fA-F]{64})", digest)
    if digest and pinned is None:
        raise UnknownModel(f"{text} has {digest!r} behind '#'; use sha256= and 64 hexadecimal digits, or nothing")
    sha256 = None if pinned is None else pinned[1].lower()
    if place[:3].lower() == "hf:":
        return Address(place, _repository_url(place), sha256)
    if not is_fetchable_url(place):
        raise UnknownModel(
            f"{without_password(place)} is not an https address without a password, and only https is encrypted; "
            "use https://, or hf:owner/name"
        )
    parts = urlsplit(place)
    folder = parts.path.removesuffix(MANIFEST_FILE).rstrip("/")
    return Address(urlunsplit(parts._replace(path=folder)), urlunsplit(parts._replace(path=folder)), sha256)


def _repository_url(text: str) -> str:
    match = _REPOSITORY.fullmatch(text)
    if match is None or ".." in text:
        raise UnknownModel(f"{text} is not a repository; use hf:owner/name, or hf:owner/name@revision")
    endpoint = os.environ.get(ENDPOINT_VARIABLE, "").strip().rstrip("/") or _ENDPOINT
    url = f"{endpoint}/{match[1]}/resolve/{quote(match[2] or 'main', safe='')}"
    if not is_fetchable_url(url):
        raise UnknownModel(f"{ENDPOINT_VARIABLE}={endpoint} is not an https address; correct it or leave it unset")
    return url
