"""A packed checkpoint: the files of a checkpoint folder in one file, to send.

It is a ZIP file whose members are stored as they are, so every program for ZIP files opens it, and it cannot unpack to
more than it is. It has `model.json` and the files that this lists, and nothing else.
"""

from __future__ import annotations

import errno
import os
import shutil
import struct
import uuid
import zipfile
import zlib
from pathlib import Path
from typing import BinaryIO

from panns.checkpoints.checkpoint import (
    GRAPH_FILE,
    MANIFEST_FILE,
    MAX_MANIFEST_BYTES,
    ONNX_FILE,
    TORCH_FILE,
    Checkpoint,
    open_checkpoint,
    open_intact,
)
from panns.checkpoints.digest_cache import file_sha256
from panns.checkpoints.manifest import ModelManifest
from panns.errors import CheckpointError
from panns.hub.cache import cache_lock, storage_errors
from panns.hub.receiving import check_room
from panns.system.cache_folder import cache_dir
from panns.system.files import open_regular

MAX_BYTES = (1 << 32) - 1  # of a ZIP file without the extension for larger ones; the largest model has 343 MB
SHARED_FILES = (TORCH_FILE, GRAPH_FILE, ONNX_FILE)
# The end record has 22 bytes without a comment. The one of larger files, whose place is in 20 bytes before it, would
# replace its numbers.
_END, _END_BYTES = b"PK\x05\x06", 22
_LARGE_END, _LARGE_END_BYTES = b"PK\x06\x07", 20
_MAX_DIRECTORY_BYTES = 4096  # for at most four members
_PATIENCE_S = 600.0


def pack(checkpoint: Checkpoint, path: Path) -> None:
    """Write a checkpoint folder to one file; equal folders give equal files.

    Args:
        checkpoint: The checkpoint, a folder.
        path: File to write.

    Raises:
        CheckpointError: The checkpoint is damaged, too large, or one file already.
    """
    if checkpoint.is_exported_file:
        raise CheckpointError(f"{checkpoint.path} is one file already; send it as it is")
    checkpoint.verify()
    names = check_files(checkpoint.manifest, where=str(checkpoint.path))
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as archive:
        for name in (MANIFEST_FILE, *names):
            member = zipfile.ZipInfo(name)  # with a date of its own: 1980
            member.external_attr = 0o644 << 16
            member.file_size = (checkpoint.path / name).stat().st_size
            with (checkpoint.path / name).open("rb") as source, archive.open(member, "w") as target:
                shutil.copyfileobj(source, target, 1 << 20)


def open_packed(path: Path) -> Checkpoint:
    """Checkpoint of a packed file: unpacked once into the cache, by the digest of the file.

    Raises:
        CheckpointError: The file is damaged, or has other parts than a packed checkpoint.
    """
    try:
        folder = cache_dir() / "packed" / file_sha256(path)[:32]
    except OSError as exc:
        raise CheckpointError(f"{path} cannot be read ({exc.strerror or exc}); {_REMEDY}") from exc
    if (copy := open_intact(folder)) is not None:
        return copy
    with storage_errors(folder.parent):
        folder.parent.mkdir(parents=True, exist_ok=True)
        with cache_lock(folder.with_name(f".{folder.name}.lock"), watched=folder.parent, patience_s=_PATIENCE_S):
            for abandoned in folder.parent.glob(f".{folder.name}-*"):  # left by a killed process
                shutil.rmtree(abandoned, ignore_errors=True)
            if open_intact(folder) is None:  # else another process was faster
                shutil.rmtree(folder, ignore_errors=True)  # damaged since
                partial = folder.with_name(f".{folder.name}-{uuid.uuid4().hex[:12]}")
                try:
                    unpack(path, partial)
                    partial.rename(folder)
                finally:
                    shutil.rmtree(partial, ignore_errors=True)
    return open_checkpoint(folder)


def unpack(path: Path, folder: Path) -> Checkpoint:
    """Unpack a packed checkpoint into a new folder, and compare every file with its digest.

    Raises:
        CheckpointError: The file is damaged, or has other parts than a packed checkpoint.
    """
    try:
        with open_regular(path) as file:
            _check_end(file)
            with zipfile.ZipFile(file) as archive:
                manifest = _check_members(archive, path)
                check_room(folder.parent, sum(one.n_bytes for one in manifest.files.values()))
                folder.mkdir()
                for name in (MANIFEST_FILE, *manifest.files):
                    with archive.open(name) as source, (folder / name).open("xb") as target:
                        shutil.copyfileobj(source, target, 1 << 20)
        checkpoint = open_checkpoint(folder)
        checkpoint.verify()
    except CheckpointError as exc:
        raise CheckpointError(str(exc).replace(str(folder), str(path))) from exc
    except (
        _Unfit,
        OSError,
        zipfile.BadZipFile,
        zlib.error,
        struct.error,
        EOFError,
        NotImplementedError,
        ValueError,
    ) as exc:
        if isinstance(exc, OSError) and exc.errno != errno.EINVAL:  # a place before the start of the file
            raise
        raise CheckpointError(f"{path} is damaged, or not a packed checkpoint ({exc}); {_REMEDY}") from exc
    return checkpoint


def check_files(manifest: ModelManifest, *, where: str) -> tuple[str, ...]:
    """Names of the files that a shared checkpoint has beside its `model.json`.

    Raises:
        CheckpointError: It names other files than a checkpoint has, none, or too many bytes.
    """
    others = manifest.files.keys() - set(SHARED_FILES)
    if others or not manifest.files:
        named = ", ".join(repr(name[:100]) for name in sorted(others)) or "no file"
        raise CheckpointError(f"{where} lists {named}; a checkpoint has some of {', '.join(SHARED_FILES)}")
    n_bytes = sum(one.n_bytes for one in manifest.files.values())
    if n_bytes > MAX_BYTES - (_MAX_DIRECTORY_BYTES + MAX_MANIFEST_BYTES):
        raise CheckpointError(f"{where} lists {n_bytes:,} bytes; a shared checkpoint has at most {MAX_BYTES:,}")
    return tuple(name for name in SHARED_FILES if name in manifest.files)


_REMEDY = "get the file again, as `panns models pack` wrote it"


class _Unfit(Exception):
    """A file that `pack` does not write; the message says why."""


def _check_end(file: BinaryIO) -> None:
    """Bound the list of members before it is read: a long one would take the memory of the machine."""
    n_bytes = os.fstat(file.fileno()).st_size
    if not _END_BYTES < n_bytes <= MAX_BYTES:
        raise _Unfit(f"it has {n_bytes:,} bytes")
    file.seek(max(0, n_bytes - _END_BYTES - _LARGE_END_BYTES))
    last = file.read()
    end = last[-_END_BYTES:]
    if end[:4] != _END or end[-2:] != b"\0\0" or last[:-_END_BYTES].startswith(_LARGE_END):
        raise _Unfit("its end is missing")
    n_members, n_directory = int.from_bytes(end[10:12], "little"), int.from_bytes(end[12:16], "little")
    if n_members > 1 + len(SHARED_FILES) or n_directory > _MAX_DIRECTORY_BYTES:
        raise _Unfit(f"it has {n_members} parts, listed in {n_directory:,} bytes")


def _check_members(archive: zipfile.ZipFile, path: Path) -> ModelManifest:
    """Manifest of a packed file whose members are those that the manifest lists."""
    sizes: dict[str, int] = {}
    for one in archive.infolist():
        if one.filename in sizes:
            raise _Unfit(f"it has two parts named {one.filename[:100]!r}")
        if one.compress_type != zipfile.ZIP_STORED or one.flag_bits & 1 or one.file_size != one.compress_size:
            raise _Unfit(f"its part {one.filename[:100]!r} is compressed or encrypted")
        sizes[one.filename] = one.file_size
    if sum(sizes.values()) > path.stat().st_size:
        raise _Unfit("its parts overlap")
    if not 0 < sizes.get(MANIFEST_FILE, 0) <= MAX_MANIFEST_BYTES:
        raise _Unfit(f"it has no {MANIFEST_FILE} of at most {MAX_MANIFEST_BYTES:,} bytes")
    manifest = ModelManifest.from_json(archive.read(MANIFEST_FILE).decode(), where=f"{MANIFEST_FILE} in {path}")
    check_files(manifest, where=f"{MANIFEST_FILE} in {path}")
    del sizes[MANIFEST_FILE]
    listed = {name: one.n_bytes for name, one in manifest.files.items()}
    if sizes != listed:
        name = min(name for name in sizes.keys() | listed if sizes.get(name) != listed.get(name))
        raise _Unfit(
            f"its part {name[:100]!r} has {_size(sizes.get(name))}, and {MANIFEST_FILE} lists {_size(listed.get(name))}"
        )
    return manifest


def _size(n_bytes: int | None) -> str:
    return "nothing" if n_bytes is None else f"{n_bytes:,} bytes"
