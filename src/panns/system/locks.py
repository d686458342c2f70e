"""Locks between processes and threads, held by the operating system on a file."""

from __future__ import annotations

import logging
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

if sys.platform == "win32":
    import msvcrt
else:
    import fcntl

logger = logging.getLogger(__name__)

_POLL_S = 0.2


@contextmanager
def exclusive(lock: Path, *, watched: Path | None = None, patience_s: float | None = None) -> Iterator[None]:
    """Hold `lock` against other processes and threads.

    The lock belongs to the operating system: it ends with its process, however that ends, and is never stale. The lock
    file stays, because removing it would let two waiting processes lock two different files of one name.

    Args:
        lock: The lock file; made if need be.
        watched: File or folder that the holder changes as it works; every change renews the patience.
        patience_s: Longest wait, in seconds; None for no limit.

    Raises:
        TimeoutError: Another process held the lock for longer than `patience_s`.
    """
    with lock.open("a") as handle:
        seen, since_s = _stamp(watched), time.monotonic()
        is_logged = False
        while not _try_lock(handle.fileno()):
            if not is_logged:
                logger.info("another process holds %s; waiting for it", lock)
                is_logged = True
            if _stamp(watched) != seen:
                seen, since_s = _stamp(watched), time.monotonic()
            if patience_s is not None and time.monotonic() > since_s + patience_s:
                raise TimeoutError(
                    f"another process holds {lock} and has made no progress for {patience_s:.0f} s; end it and try "
                    "again"
                )
            time.sleep(_POLL_S)
        yield


@contextmanager
def exclusive_or_skip(lock: Path) -> Iterator[bool]:
    """Hold `lock` if it is free; yields whether it is held."""
    with lock.open("a") as handle:
        yield _try_lock(handle.fileno())


def _try_lock(descriptor: int) -> bool:
    try:
        if sys.platform == "win32":
            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        else:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except (BlockingIOError, PermissionError):  # Windows reports a held lock by the second
        return False
    return True


def _stamp(path: Path | None) -> tuple[int, int] | None:
    try:
        stat = None if path is None else path.stat()
    except OSError:
        return None
    return stat and (stat.st_size, stat.st_mtime_ns)
