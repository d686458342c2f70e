"""SHA-256 of checkpoint files, computed once per version of a file.

A process remembers every digest. Those of large files are remembered across processes too, in the cache folder:
hashing the 323 MB of CNN14 takes a quarter of a second of every start.
"""

from __future__ import annotations

import contextlib
import hashlib
import re
import time
from pathlib import Path
from typing import NamedTuple

from panns.errors import DownloadError
from panns.system.cache_folder import cache_dir
from panns.system.files import file_digests
from panns.system.json_files import DamagedJson, read_json_object, write_json

# A file system may round time stamps to 2 s (FAT), so a change right after a hash may leave the stamp as it was.
_MIN_AGE_NS = 2_000_000_000
_LARGE_BYTES = 16 << 20  # hashing fewer bytes takes 12 ms


class _Version(NamedTuple):
    """Identity of a file's content, from its metadata."""

    n_bytes: int
    mtime_ns: int
    ctime_ns: int
    inode: int
    device: int


_known: dict[tuple[Path, int | None], tuple[_Version, str]] = {}


def file_sha256(path: Path, *, n_bytes: int | None = None) -> str:
    """SHA-256 of a file in hexadecimal; an unchanged file is read once.

    A change shows in the size, the time stamps or the inode of the file. Files younger than two seconds are read every
    time, because their time stamps may be too coarse to show a change.

    Args:
        path: The file.
        n_bytes: Number of bytes to hash, from the start; None for all.
    """
    path = path.absolute()
    key = (path, n_bytes)
    before = _version(path)
    known = _known.get(key)
    if known is not None and known[0] == before:
        return known[1]
    is_large = (before.n_bytes if n_bytes is None else n_bytes) >= _LARGE_BYTES
    if is_large and (recorded := _read_record(key, before)) is not None:
        _known[key] = (before, recorded)
        return recorded
    sha256 = file_digests(path, n_bytes=n_bytes)["sha256"]
    is_settled = time.time_ns() - max(before.mtime_ns, before.ctime_ns) > _MIN_AGE_NS
    if is_settled and _version(path) == before:
        _known[key] = (before, sha256)
        if is_large:
            _write_record(key, before, sha256)
    return sha256


def _version(path: Path) -> _Version:
    stat = path.stat()
    return _Version(stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns, stat.st_ino, stat.st_dev)


def _record_file(key: tuple[Path, int | None]) -> Path:
    name = hashlib.sha256(ascii(key).encode()).hexdigest()[:32]
    return cache_dir() / "digests" / f"{name}.json"


def _read_record(key: tuple[Path, int | None], version: _Version) -> str | None:
    """Recorded digest of this version of a file; None without one."""
    try:
        record = read_json_object(_record_file(key))
    except (DamagedJson, DownloadError):
        return None
    sha256 = record.get("sha256")
    is_intact = isinstance(sha256, str) and re.fullmatch("[0-9a-f]{64}", sha256) is not None
    return sha256 if is_intact and record.get("version") == list(version) else None


def _write_record(key: tuple[Path, int | None], version: _Version, sha256: str) -> None:
    with contextlib.suppress(OSError):  # a full or read-only cache costs time only
        file = _record_file(key)
        file.parent.mkdir(parents=True, exist_ok=True)
        write_json(file, {"path": ascii(key[0]), "version": list(version), "sha256": sha256})
