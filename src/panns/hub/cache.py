"""The cache folder: published weights, and the checkpoints converted from them.

    <cache>/downloads/<file>                 a published file, verified before it got this name
                      <file>.checked.json    its size, time stamp and digests, which save hashing it at every load
                      <file>.part, .lock     an unfinished download (see `panns.hub.download`)
    <cache>/checkpoints/<name>/              a checkpoint converted from a published file
    <cache>/digests/                         digests of large files (see `panns.checkpoints.digest_cache`)

Importing this module reads no environment variables and creates no folders.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from panns.errors import DownloadError
from panns.models.weights import Weights
from panns.system import locks
from panns.system.cache_folder import cache_dir
from panns.system.files import change_stamp, file_digests
from panns.system.json_files import DamagedJson, read_json_object, write_json
from panns.system.storage import storage_problem

logger = logging.getLogger(__name__)


def downloads_dir() -> Path:
    """Folder of published files, as downloaded. It may not exist yet."""
    return cache_dir() / "downloads"


def checkpoints_dir() -> Path:
    """Folder of converted checkpoints. It may not exist yet."""
    return cache_dir() / "checkpoints"


@contextmanager
def storage_errors(folder: Path) -> Iterator[None]:
    """Turn an `OSError` into a `DownloadError` that names the cache folder and the remedy."""
    try:
        yield
    except DownloadError:
        raise
    except OSError as exc:
        raise DownloadError(
            f"cache folder {folder}: {storage_problem(exc)}; free space or grant permission, or set PANNS_CACHE to "
            "another folder"
        ) from exc


@contextmanager
def cache_lock(lock: Path, *, watched: Path, patience_s: float) -> Iterator[None]:
    """Hold a lock file of the cache against other processes, as `panns.system.locks.exclusive` does.

    Raises:
        DownloadError: Another process holds the lock, and `watched` has not changed for `patience_s`.
    """
    with ExitStack() as stack:
        try:
            stack.enter_context(locks.exclusive(lock, watched=watched, patience_s=patience_s))
        except TimeoutError as exc:
            raise DownloadError(str(exc)) from exc
        yield


def is_published_file(path: Path, weights: Weights) -> bool:
    """True if a file in the cache is the published one.

    The file is hashed again only if its size or time stamp has changed since the last check. Without a published
    digest, the file must have the digest that `fetch` recorded on arrival; a file without such a record is refused.
    """
    stamp = change_stamp(path)
    if stamp is None or (weights.n_bytes is not None and stamp[0] != weights.n_bytes):
        return False
    memo = _read_memo(path)
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
        record_digests(path, stamp, digests)
    except OSError as exc:  # a read-only shared cache: the file is valid, and hashed again next time
        logger.debug("cannot record the digests of %s: %s", path, exc)
    return True


def record_digests(path: Path, stamp: tuple[int, int], digests: dict[str, str]) -> None:
    """Record that the file of this size and time stamp passed its check, with these digests."""
    write_json(_memo_path(path), {"n_bytes": stamp[0], "mtime_ns": stamp[1], "digests": digests})


def remove_cached(path: Path) -> None:
    """Remove a file from the cache, with its record."""
    path.unlink(missing_ok=True)
    _memo_path(path).unlink(missing_ok=True)


def recorded_digests(path: Path) -> dict[str, str] | None:
    """Digests of a file in the cache at its last check; None if it was never checked."""
    memo = _read_memo(path)
    return None if memo is None else memo[1]


def _read_memo(path: Path) -> tuple[tuple[int, int], dict[str, str]] | None:
    try:
        memo = read_json_object(_memo_path(path))
        digests = {str(name): str(digest) for name, digest in memo["digests"].items()}
        stamp = (int(memo["n_bytes"]), int(memo["mtime_ns"]))
    except (DamagedJson, ValueError, KeyError, TypeError, AttributeError, OverflowError):
        return None
    return (stamp, digests) if "sha256" in digests else None


def _memo_path(path: Path) -> Path:
    return path.with_name(f"{path.name}.checked.json")
