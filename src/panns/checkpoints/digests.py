"""SHA-256 of checkpoint files, computed once per version of a file and process."""

from __future__ import annotations

import time
from pathlib import Path
from typing import NamedTuple

from panns.system.files import file_digests

# A file system may round time stamps to 2 s (FAT), so a change right after a hash may leave the stamp as it was.
_MIN_AGE_NS = 2_000_000_000


class _Version(NamedTuple):
    """Identity of a file's content, from its metadata."""

    n_bytes: int
    mtime_ns: int
    ctime_ns: int
    inode: int
    device: int


_known: dict[Path, tuple[_Version, str]] = {}


def file_sha256(path: Path) -> str:
    """SHA-256 of a file in hexadecimal; an unchanged file is read once per process.

    A change shows in the size, the time stamps or the inode of the file. Files younger than two seconds are read every
    time, because their time stamps may be too coarse to show a change.
    """
    path = path.absolute()
    before = _version(path)
    known = _known.get(path)
    if known is not None and known[0] == before:
        return known[1]
    sha256 = file_digests(path)["sha256"]
    is_settled = time.time_ns() - max(before.mtime_ns, before.ctime_ns) > _MIN_AGE_NS
    if is_settled and _version(path) == before:
        _known[path] = (before, sha256)
    return sha256


def _version(path: Path) -> _Version:
    stat = path.stat()
    return _Version(stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns, stat.st_ino, stat.st_dev)
