"""Shared models: checkpoints of an address, downloaded once into the cache.

<cache>/shared/<address>/           a checkpoint folder, or model.onnx, an exported file
                address.json       its address, and the digest of the file at that address
               .<address>.part/     an unfinished download
               .<address>.lock
"""

from __future__ import annotations

import contextlib
import logging
import shutil
import uuid
from dataclasses import dataclass
from pathlib import Path

from panns.checkpoints.checkpoint import (
    MANIFEST_FILE,
    MAX_MANIFEST_BYTES,
    ONNX_FILE,
    Checkpoint,
    open_checkpoint,
)
from panns.checkpoints.manifest import ModelManifest
from panns.errors import CheckpointError
from panns.hub.addresses import PACKED_SUFFIX, Address, read_address
from panns.hub.cache import cache_lock, is_published_file, storage_errors
from panns.hub.download import download_to
from panns.hub.packed import MAX_BYTES, check_files, unpack
from panns.models.weights import Weights
from panns.system.cache_folder import cache_dir
from panns.system.files import file_digests, read_regular
from panns.system.json_files import DamagedJson, read_json_object, write_json
from panns.system.progress import OnProgress, Progress, ignore_progress

logger = logging.getLogger(__name__)

ADDRESS_FILE = "address.json"
_PATIENCE_S = 300.0
_REMEDY = "download the model in a browser and give its path"


def shared_dir() -> Path:
    """Folder of shared models. It may not exist yet."""
    return cache_dir() / "shared"


def shared_checkpoint(text: str) -> Checkpoint:
    """Checkpoint of an address, from the cache; it is downloaded if the cache lacks it.

    Raises:
        UnknownModel: The text is not the address of a model.
        DownloadError: The download failed.
        CheckpointError: The files are damaged, or not those of a checkpoint.
    """
    address = read_address(text)
    try:
        known = find_shared(address)
    except CheckpointError as exc:
        raise CheckpointError(f"{exc}; run `panns models fetch {address.text}` to download it again") from exc
    if known is not None:
        return known
    logger.info("downloading %s", address.text)
    return fetch_shared(address)


def find_shared(address: Address) -> Checkpoint | None:
    """Checkpoint of an address in the cache; None if the cache lacks it, or has another digest.

    Raises:
        CheckpointError: The checkpoint is damaged.
    """
    folder = shared_dir() / address.key
    record = _read_record(folder)
    if record is None or record.text != address.text or address.sha256 not in (None, record.sha256):
        return None
    return _open(folder)


def list_shared() -> list[tuple[str, Checkpoint]]:
    """Addresses in the cache, with their checkpoints, in alphabetical order; damaged ones are left out."""
    found = []
    for file in shared_dir().glob(f"[!.]*/{ADDRESS_FILE}"):
        record = _read_record(file.parent)
        try:
            if record is not None:
                found.append((record.text, _open(file.parent)))
        except CheckpointError as exc:
            logger.warning("%s; run `panns models fetch %s` to download it again", exc, record and record.text)
    return sorted(found, key=lambda one: one[0])


def fetch_shared(
    address: Address, *, on_progress: OnProgress = ignore_progress, timeout_s: float = 30.0, retries: int = 3
) -> Checkpoint:
    """Download the checkpoint of an address, unless the cache has its current version.

    An interrupted download is resumed. The checkpoint in the cache stays until the new one is complete and verified.

    Args:
        address: The address.
        on_progress: Called with the bytes so far.
        timeout_s: Longest silence of the server, in seconds, > 0.
        retries: Number of further attempts after consecutive failures of the connection or the server.

    Raises:
        DownloadError: The download failed, or a file differs from its digest.
        CheckpointError: The files are damaged, or not those of a checkpoint.
    """
    parent = shared_dir()
    staging = parent / f".{address.key}.part"
    with storage_errors(parent):
        parent.mkdir(parents=True, exist_ok=True)
        lock = parent / f".{address.key}.lock"
        with cache_lock(lock, watched=staging, patience_s=(retries + 1) * timeout_s + _PATIENCE_S):
            for abandoned in parent.glob(f".{address.key}.new-*"):  # left by a killed process
                shutil.rmtree(abandoned, ignore_errors=True)
            staging.mkdir(exist_ok=True)
            new = parent / f".{address.key}.new-{uuid.uuid4().hex[:12]}"
            job = _Job(address, staging, new, on_progress, timeout_s, retries)
            try:
                job.fetch_file() if address.file_suffix else job.fetch_folder()
                if new.is_dir():
                    _replace(parent / address.key, new)
                shutil.rmtree(staging, ignore_errors=True)
            finally:
                shutil.rmtree(new, ignore_errors=True)
                with contextlib.suppress(OSError):
                    staging.rmdir()  # if nothing is there to resume from
    return _open(parent / address.key)


@dataclass(frozen=True)
class _Job:
    """Download of the files of an address into `staging`, and their checkpoint in the folder `new`."""

    address: Address
    staging: Path
    new: Path
    on_progress: OnProgress
    timeout_s: float
    retries: int

    def fetch_folder(self) -> None:
        """Download a checkpoint folder: first its manifest, which has the sizes and digests of the other files."""
        digest = self._download(MANIFEST_FILE, self.address.url_of(MANIFEST_FILE), max_bytes=MAX_MANIFEST_BYTES)
        where = self.address.url_of(MANIFEST_FILE)
        manifest = ModelManifest.from_json(_text(self.staging / MANIFEST_FILE, where), where=where)
        names = check_files(manifest, where=where)
        if self._is_current(digest):
            return
        total = sum(one.n_bytes for one in manifest.files.values())
        n_before = 0
        for name in names:
            file = manifest.files[name]
            self._download(
                name,
                self.address.url_of(name),
                max_bytes=file.n_bytes,
                n_bytes=file.n_bytes,
                sha256=file.sha256,
                on_progress=lambda progress, n=n_before: self.on_progress(  # type: ignore[misc]
                    Progress(n + progress.done, total, "bytes")
                ),
            )
            n_before += file.n_bytes
        self.new.mkdir()
        for name in (MANIFEST_FILE, *names):
            (self.staging / name).rename(self.new / name)
        open_checkpoint(self.new).verify()
        self._record(digest)

    def fetch_file(self) -> None:
        """Download a packed checkpoint or an exported file."""
        suffix = self.address.file_suffix
        name = f"model{suffix}"
        url, pin = self.address.url, self.address.sha256
        digest = self._download(name, url, max_bytes=MAX_BYTES, sha256=pin, on_progress=self.on_progress)
        if self._is_current(digest):
            return
        try:
            if suffix == PACKED_SUFFIX:
                unpack(self.staging / name, self.new)
            else:
                self.new.mkdir()
                (self.staging / name).rename(self.new / ONNX_FILE)
                open_checkpoint(self.new / ONNX_FILE).verify()
        except CheckpointError as exc:
            (self.staging / name).unlink(missing_ok=True)
            raise CheckpointError(f"{url} is not a model: {exc}") from exc
        self._record(digest)

    def _download(
        self,
        name: str,
        url: str,
        *,
        max_bytes: int,
        n_bytes: int | None = None,
        sha256: str | None = None,
        on_progress: OnProgress = ignore_progress,
    ) -> str:
        """Download a file to `staging`; returns its digest."""
        if name == MANIFEST_FILE:
            sha256 = self.address.sha256
        path = self.staging / name
        weights = Weights(url, name, "see its model.json", self.address.text, n_bytes=n_bytes, sha256=sha256)
        if sha256 is None or not path.is_file() or not is_published_file(path, weights):
            path.unlink(missing_ok=True)
            download_to(
                path,
                weights,
                max_bytes=max_bytes,
                remedy=_REMEDY,
                on_progress=on_progress,
                timeout_s=self.timeout_s,
                retries=self.retries,
            )
        return file_digests(path)["sha256"]

    def _is_current(self, digest: str) -> bool:
        """True if the cache has an intact checkpoint that was downloaded from this file."""
        record = _read_record(self.staging.parent / self.address.key)
        if record is None or record.sha256 != digest:
            return False
        try:
            _open(self.staging.parent / self.address.key).verify()
        except CheckpointError:
            return False
        return True

    def _record(self, digest: str) -> None:
        write_json(self.new / ADDRESS_FILE, {"address": self.address.text, "sha256": digest})


@dataclass(frozen=True)
class _Record:
    """Content of `address.json`."""

    text: str
    sha256: str


def _read_record(folder: Path) -> _Record | None:
    try:
        record = read_json_object(folder / ADDRESS_FILE)
        return _Record(str(record["address"]), str(record["sha256"]))
    except (DamagedJson, KeyError):
        return None


def _open(folder: Path) -> Checkpoint:
    is_exported = not (folder / MANIFEST_FILE).is_file() and (folder / ONNX_FILE).is_file()
    return open_checkpoint(folder / ONNX_FILE if is_exported else folder)


def _replace(folder: Path, new: Path) -> None:
    """Put a finished folder in the place of an older one."""
    old = new.with_name(f"{new.name}-old")
    if folder.exists():
        folder.rename(old)
    new.rename(folder)
    shutil.rmtree(old, ignore_errors=True)


def _text(path: Path, where: str) -> str:
    try:
        return read_regular(path, max_bytes=MAX_MANIFEST_BYTES).decode()
    except UnicodeDecodeError as exc:
        raise CheckpointError(f"{where} is not a manifest ({exc})") from exc
