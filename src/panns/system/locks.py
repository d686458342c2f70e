"""File locks between processes and threads."""

from __future__ import annotations

import contextlib
import errno
import logging
import os
import stat
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from panns.system.files import change_stamp

if sys.platform == "win32":
    import msvcrt
else:
    import fcntl

logger = logging.getLogger(__name__)

_POLL_S = 0.2
_NO_LOCKS = {errno.ENOLCK, errno.ENOTSUP, errno.ENOSYS}  # some network file systems


@contextmanager
def exclusive(lock: Path, *, watched: Path | None = None, patience_s: float | None = None) -> Iterator[None]:
    """Hold a lock file exclusively; wait while another process or thread holds it.

    The operating system owns the lock and releases it when the process ends, so a lock is never stale. The lock file
    stays: if it were removed, two waiting processes could lock two different files of the same name.

    Args:
        lock: Path of the lock file; created if missing.
        watched: File or folder that the holder changes while it works; each change restarts the timeout.
        patience_s: Timeout in seconds; None waits without limit.

    Raises:
        TimeoutError: The lock was not released within `patience_s`.
    """
    with _opened(lock) as descriptor:
        seen, since_s = watched and change_stamp(watched), time.monotonic()
        is_logged = False
        while not _try_lock(descriptor, lock):
            if not is_logged:
                logger.info("another process holds %s; waiting", lock)
                is_logged = True
            if watched and (now := change_stamp(watched)) != seen:
                seen, since_s = now, time.monotonic()
            if patience_s is not None and time.monotonic() > since_s + patience_s:
                raise TimeoutError(
                    f"another process holds {lock} and has made no progress for {patience_s:.0f} s; end it and try "
                    "again"
                )
            time.sleep(_POLL_S)
        yield


@contextmanager
def exclusive_or_skip(lock: Path) -> Iterator[bool]:
    """Hold a lock file if it is free, without waiting; yields True if the lock was acquired.

    The holder removes the file at the end. Use either this function or `exclusive` for a lock file, never both.
    """
    while True:
        with _opened(lock) as descriptor:
            is_held = _try_lock(descriptor, lock)
            if is_held and not _is_still(lock, descriptor):
                continue  # the holder before removed the file between the opening and the locking here
            try:
                yield is_held
            finally:
                if is_held:
                    with contextlib.suppress(OSError):  # Windows cannot remove an open file
                        lock.unlink()
            return


@contextmanager
def _opened(lock: Path) -> Iterator[int]:
    """Open a lock file, and create it if need be; it is never written to.

    Raises:
        OSError: The path is a link, a pipe or a device: a stranger could have made it one to reach another file.
    """
    flags = os.O_RDWR | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)
    descriptor = os.open(lock, flags | getattr(os, "O_CLOEXEC", 0), 0o666)
    try:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise OSError(errno.EINVAL, "not a regular file, so it cannot be a lock", str(lock))
        yield descriptor
    finally:
        os.close(descriptor)


def _is_still(lock: Path, descriptor: int) -> bool:
    """True if the path still leads to the opened file."""
    try:
        return os.path.samestat(lock.stat(), os.fstat(descriptor))
    except FileNotFoundError:
        return False


def _try_lock(descriptor: int, lock: Path) -> bool:
    try:
        if sys.platform == "win32":
            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        else:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except (BlockingIOError, PermissionError):  # Windows raises PermissionError for a held lock
        return False
    except OSError as exc:
        if exc.errno not in _NO_LOCKS:
            raise
        logger.warning("%s: this file system has no locks (%s); run one process at a time", lock, exc.strerror)
    return True
