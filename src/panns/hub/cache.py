"""The folder on this machine where fetched weights and converted checkpoints lie, and what is remembered of them.

    <cache>/downloads/<file>                 a published file, put there only after its checks
                      <file>.checked.json    its size, time stamp and digests, so that it is not hashed at every load
                      <file>.part, .lock     a download under way (see `panns.hub.download`)
    <cache>/checkpoints/                     published files converted to our own format

Nothing is read from the environment or created at import.
"""

from __future__ import annotations

import errno
import json
import logging
import os
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from panns.errors import DownloadError
from panns.models.weights import Weights
from panns.system import locks
from panns.system.files import file_digests, replacing

log = logging.getLogger(__name__)


def cache_dir() -> Path:
    """Folder of the cache: `PANNS_CACHE`, else where this system keeps caches. It need not exist yet."""
    chosen = os.environ.get("PANNS_CACHE", "").strip()
    try:
        folder = Path(chosen).expanduser().absolute() if chosen else _platform_default()
        is_file = folder.is_file()
    except (RuntimeError, OSError) as exc:  # no home folder, as for a container's unnamed user; or a closed one
        raise DownloadError(f"no folder for the cache: {exc}; set PANNS_CACHE to a folder you can write to") from exc
    if is_file:
        raise DownloadError(f"the cache {folder} is a file; set PANNS_CACHE to a folder")
    return folder


def downloads_dir() -> Path:
    """Where published files lie as they were fetched. It need not exist yet."""
    return cache_dir() / "downloads"


def checkpoints_dir() -> Path:
    """Where published files lie after conversion to our own format. It need not exist yet."""
    return cache_dir() / "checkpoints"


def _platform_default() -> Path:
    if sys.platform == "win32":
        local = os.environ.get("LOCALAPPDATA")
        return (Path(local) if local else Path.home() / "AppData" / "Local") / "panns" / "Cache"
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Caches" / "panns"
    xdg = Path(os.environ.get("XDG_CACHE_HOME", ""))
    # The XDG specification says to ignore a relative path.
    return (xdg if xdg.is_absolute() else Path.home() / ".cache") / "panns"


@contextmanager
def storage_errors(folder: Path) -> Iterator[None]:
    """Turn what the system says about a disk into a sentence that names the cache and the way out."""
    try:
        yield
    except DownloadError:
        raise
    except OSError as exc:
        if exc.errno in {errno.ENOSPC, errno.EDQUOT}:
            what = "the disk is full"
        elif exc.errno in {errno.EACCES, errno.EPERM, errno.EROFS}:
            what = f"no permission to write ({exc})"
        else:
            what = f"cannot be used ({exc})"
        raise DownloadError(
            f"the cache {folder}: {what}; make room or give permission there, or set PANNS_CACHE to another folder"
        ) from exc


@contextmanager
def exclusive(lock: Path, *, watched: Path, patience_s: float) -> Iterator[None]:
    """Hold `lock` against other processes; wait as long as `watched` keeps changing (`system.locks`).

    Raises:
        DownloadError: Another process holds it and makes no progress.
    """
    with ExitStack() as stack:
        try:
            stack.enter_context(locks.exclusive(lock, watched=watched, patience_s=patience_s))
        except TimeoutError as exc:
            raise DownloadError(str(exc)) from exc
        yield


def _stamp(path: Path) -> tuple[int, int] | None:
    try:
        stat = path.stat()
    except OSError:
        return None
    return stat.st_size, stat.st_mtime_ns


def is_checked(path: Path, weights: Weights) -> bool:
    """Whether the file in the cache is the published one.

    A file already found right is not hashed again while its size and time stamp stay. Where no digest is published,
    the file must still have the digest it had when it was put there; one that nobody checked on arrival is not trusted.
    """
    stamp = _stamp(path)
    if stamp is None or (weights.n_bytes is not None and stamp[0] != weights.n_bytes):
        return False
    memo = _recall(path)
    if memo is not None and memo[0] == stamp and weights.digests.keys() <= memo[1].keys():
        return weights.mismatch(n_bytes=stamp[0], digests=memo[1]) is None
    if memo is None and weights.check == "none":
        return False
    digests = file_digests(path, {"sha256", *weights.digests})
    if weights.mismatch(n_bytes=stamp[0], digests=digests) is not None:
        return False
    if memo is not None and not weights.digests and memo[1]["sha256"] != digests["sha256"]:
        return False
    try:
        remember(path, stamp, digests)
    except OSError as exc:  # a shared cache that may only be read: right all the same, hashed again next time
        log.debug("cannot note that %s was checked: %s", path, exc)
    return True


def remember(path: Path, stamp: tuple[int, int], digests: dict[str, str]) -> None:
    """Note that the file of this size and time stamp was found right, with these digests."""
    memo = json.dumps({"n_bytes": stamp[0], "mtime_ns": stamp[1], "digests": digests}, indent=1)
    with replacing(_memo_path(path)) as partial:
        partial.write_text(memo, encoding="utf-8")


def forget(path: Path) -> None:
    """Remove a file from the cache, with what was noted of it."""
    path.unlink(missing_ok=True)
    _memo_path(path).unlink(missing_ok=True)


def recorded_digests(path: Path) -> dict[str, str] | None:
    """Digests of a file in the cache when it was last found right, or `None` where nobody checked it."""
    memo = _recall(path)
    return None if memo is None else memo[1]


def _recall(path: Path) -> tuple[tuple[int, int], dict[str, str]] | None:
    try:
        memo = json.loads(_memo_path(path).read_text(encoding="utf-8"))
        digests = {str(name): str(digest) for name, digest in memo["digests"].items()}
        stamp = (int(memo["n_bytes"]), int(memo["mtime_ns"]))
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None
    return (stamp, digests) if "sha256" in digests else None


def _memo_path(path: Path) -> Path:
    return path.with_name(f"{path.name}.checked.json")
