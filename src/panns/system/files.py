"""Atomic and durable writes, reads of regular files only, and file digests."""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
import re
import shutil
import stat
import time
import uuid
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import BinaryIO

# A temporary file that nobody has written to for so long was left by a killed process.
_ABANDONED_S = 24 * 3600
_PARTIAL = re.compile(r"\.(?P<stem>.+)\.[0-9a-f]{12}(?P<suffix>(?:\.[^.]*)?)", re.DOTALL)


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Write a file atomically: yields a temporary path beside `path`, and renames it to `path` at the end.

    Readers see the old file or the whole new one, and concurrent writers do not disturb each other. The content is on
    the disk before it gets its name, so a power cut leaves one of the two as well. After an exception the temporary
    file is removed and the old file stays. The temporary path keeps the suffix, because some writers choose the format
    by it.
    """
    _remove_known_abandoned(path)
    partial = path.with_name(f".{path.stem}.{uuid.uuid4().hex[:12]}{path.suffix}")
    try:
        yield partial
        sync(partial)
        partial.replace(path)
        sync(path.parent)
    finally:
        partial.unlink(missing_ok=True)


@contextmanager
def replacing_output(path: Path) -> Iterator[Path]:
    """Write a file that a user named, as `replacing` does: a link stays, and so do the permissions of the file."""
    target = path.resolve()
    with replacing(target) as partial:
        yield partial
        if target.exists() and partial.exists():
            shutil.copymode(target, partial)


def remove_abandoned(path: Path) -> None:
    """Remove the temporary files of `path`; only for a caller who knows that all its writers have ended."""
    _remove(_partials(path.parent).get(path.name, ()), min_age_s=0.0)


def _remove_known_abandoned(path: Path) -> None:
    """Remove old temporary files of `path`, with one look into its folder in an hour: it may hold a million files."""
    hour = int(time.monotonic() // 3600)
    _remove(_partials_at(path.parent, hour).get(path.name, ()), min_age_s=_ABANDONED_S)


def _remove(partials: Iterable[Path], *, min_age_s: float) -> None:
    for partial in partials:
        with contextlib.suppress(OSError):
            if time.time() - partial.lstat().st_mtime >= min_age_s:
                partial.unlink()


def _partials(folder: Path) -> dict[str, list[Path]]:
    """Temporary files in a folder, by the name of the file that they were to become."""
    partials: dict[str, list[Path]] = {}
    with contextlib.suppress(OSError), os.scandir(folder) as entries:
        for entry in entries:
            match = _PARTIAL.fullmatch(entry.name)
            if match is not None:
                partials.setdefault(match["stem"] + match["suffix"], []).append(folder / entry.name)
    return partials


_partials_at = lru_cache(maxsize=16)(lambda folder, _hour: _partials(folder))


def sync(path: Path) -> None:
    """Wait until a file or folder is on the disk, as far as the system can tell; a full disk is an `OSError`."""
    if os.name == "nt" and path.is_dir():
        return
    # Windows syncs only what is open for writing.
    descriptor = os.open(path, (os.O_RDWR if os.name == "nt" else os.O_RDONLY) | getattr(os, "O_BINARY", 0))
    try:
        os.fsync(descriptor)
    except OSError as exc:
        if exc.errno not in {errno.EINVAL, errno.ENOTSUP, errno.EBADF, errno.EACCES, errno.EROFS}:
            raise  # else a file system or a pipe that cannot sync
    finally:
        os.close(descriptor)


def is_file(path: str | os.PathLike[str]) -> bool:
    """True for a file; False for a name that no file can have, for which `Path.is_file` raises."""
    return os.path.isfile(path)  # noqa: PTH113


def relative_path(path: Path, folder: Path) -> str:
    """A path from a folder, with slashes; an absolute one if there is none, as between two drives of Windows."""
    try:
        return Path(os.path.relpath(path.resolve(), folder.resolve())).as_posix()
    except ValueError:
        return str(path.absolute())


def native_path(path: str | os.PathLike[str]) -> str | bytes:
    """A path for libraries that would encode it as UTF-8: outside of Windows a name is bytes, and need not be text."""
    return os.fspath(path) if os.name == "nt" else os.fsencode(path)


def open_regular(path: Path) -> BinaryIO:
    """Open a regular file for reading.

    A pipe would wait for a writer that never comes, and a device such as `/dev/zero` never ends.

    Raises:
        OSError: The file is missing or unreadable, or is a pipe, a device or a folder.
    """
    descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise OSError(errno.EINVAL, "a pipe, a device or a folder instead of a regular file", str(path))
    return os.fdopen(descriptor, "rb")


def read_regular(path: Path, *, max_bytes: int) -> bytes:
    """Content of a regular file of at most `max_bytes`.

    Raises:
        OSError: The file is unreadable, not a regular file, or larger.
    """
    with open_regular(path) as file:
        content = file.read(max_bytes + 1)
    if len(content) > max_bytes:
        raise OSError(errno.EFBIG, f"larger than {max_bytes:,} bytes", str(path))
    return content


def change_stamp(path: Path) -> tuple[int, int] | None:
    """Size and modification time of a file, which differ after a change; None for a missing file."""
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_size, status.st_mtime_ns


def file_digests(path: Path, algorithms: Iterable[str] = ("sha256",), *, n_bytes: int | None = None) -> dict[str, str]:
    """Hexadecimal digests of a file by algorithm, computed in one pass; with `n_bytes`, of its first bytes only."""
    hashes = {name: hashlib.new(name, usedforsecurity=False) for name in algorithms}
    with open_regular(path) as file:
        left = os.fstat(file.fileno()).st_size if n_bytes is None else n_bytes
        while left > 0 and (block := file.read(min(left, 1 << 20))):
            left -= len(block)
            for digest in hashes.values():
                digest.update(block)
    return {name: digest.hexdigest() for name, digest in hashes.items()}
