"""Download published weights: a file gets its final name in the cache only when it is complete and verified.

The record of a file is in `panns.models.weights`, its place in `panns.hub.cache`; `panns.hub.receiving` receives it.
"""

from __future__ import annotations

import logging
import os
import shutil
from pathlib import Path

from panns.errors import DownloadError
from panns.hub.cache import (
    cache_lock,
    downloads_dir,
    is_published_file,
    record_digests,
    recorded_digests,
    storage_errors,
)
from panns.hub.costs import cost_of
from panns.hub.receiving import Transfer, check_room, receive, remove_part
from panns.models.weights import Weights
from panns.system.files import file_digests
from panns.system.progress import OnProgress, ignore_progress

logger = logging.getLogger(__name__)

# A published file without a known size may have four times the bytes of the model's graph, whose weights may be halved.
_SIZE_FACTOR, _SIZE_EXTRA, _UNKNOWN_SIZE = 4, 64 << 20, 2 << 30


def cached_file(weights: Weights) -> Path | None:
    """Path of the verified file in the cache, without network access; None if the cache lacks it."""
    path = downloads_dir() / weights.file
    if is_published_file(path, weights):
        return path
    if path.exists():
        logger.warning("ignoring %s: it has changed since it was verified, or was never verified", path)
    return None


def fetch(
    weights: Weights,
    *,
    name: str = "NAME",
    from_file: Path | None = None,
    on_progress: OnProgress = ignore_progress,
    timeout_s: float = 30.0,
    retries: int = 3,
) -> Path:
    """Path of the published file in the cache; downloads and verifies the file if the cache lacks it.

    Args:
        weights: Record of the file.
        name: Registered name of the model, for the command in messages.
        from_file: Local file to copy instead of downloading, with the same checks; replaces a cached file.
        on_progress: Called with the bytes so far, a number that never falls.
        timeout_s: Longest silence of the server, in seconds, > 0.
        retries: Number of further attempts after consecutive failures of the connection or the server.

    Raises:
        DownloadError: The download failed, or the file differs from the record.
    """
    _check_patience(timeout_s, retries)
    if from_file is None and (path := cached_file(weights)) is not None:
        return path
    folder = downloads_dir()
    path, part = folder / weights.file, folder / f"{weights.file}.part"
    remedy = f"download {weights.url} in a browser and run: panns models fetch {name} --from FILE"
    with storage_errors(folder):
        folder.mkdir(parents=True, exist_ok=True)
        patience_s = (retries + 1) * timeout_s + 120  # hashing and copying leave `part` as it is
        with cache_lock(folder / f"{weights.file}.lock", watched=part, patience_s=patience_s):
            if from_file is not None:
                _copy_local(from_file, path, weights)
                remove_part(part)
            elif not is_published_file(path, weights):  # else another process fetched it while this one waited
                download_to(
                    path,
                    weights,
                    max_bytes=_max_bytes(weights, name),
                    remedy=remedy,
                    on_progress=on_progress,
                    timeout_s=timeout_s,
                    retries=retries,
                )
            if weights.check == "none" and (digests := recorded_digests(path)) is not None:
                sha256 = digests["sha256"]
                logger.warning("%s: %s; recorded its sha256 %s", weights.file, weights.describe_check(), sha256)
    return path


def download_to(
    path: Path,
    weights: Weights,
    *,
    max_bytes: int,
    remedy: str,
    on_progress: OnProgress = ignore_progress,
    timeout_s: float = 30.0,
    retries: int = 3,
) -> None:
    """Download a file to a path, which it gets when it is complete and verified; the caller holds a lock.

    Args:
        path: Path of the file; an unfinished download beside it is resumed.
        weights: Record of the file.
        max_bytes: Most bytes that the file may have.
        remedy: Advice to the user if the download fails.
        on_progress: Called with the bytes so far, a number that never falls.
        timeout_s: Longest silence of the server, in seconds, > 0.
        retries: Number of further attempts after consecutive failures of the connection or the server.

    Raises:
        DownloadError: The download failed, or the file differs from the record.
    """
    _check_patience(timeout_s, retries)
    part = path.with_name(f"{path.name}.part")
    receive(Transfer(weights, part, max_bytes, remedy, timeout_s), on_progress, retries=retries)
    _install(part, path, weights, what=weights.url, remedy=f"it was removed; try again later, or {remedy}")


def _check_patience(timeout_s: float, retries: int) -> None:
    if timeout_s <= 0 or retries < 0:
        raise ValueError(
            f"timeout_s={timeout_s} or retries={retries} is out of range; use timeout_s > 0 and retries >= 0"
        )


def _max_bytes(weights: Weights, name: str) -> int:
    """Most bytes that a published file of a model may have."""
    if weights.n_bytes is not None:
        return weights.n_bytes
    cost = cost_of(name)
    return _UNKNOWN_SIZE if cost is None else _SIZE_FACTOR * cost.n_bytes + _SIZE_EXTRA


def _copy_local(source: Path, path: Path, weights: Weights) -> None:
    """Copy a local file into the cache, if it is the published one."""
    remedy = f"give the file from {weights.url}"
    try:
        is_file, n_bytes = source.is_file(), source.stat().st_size
        handle = source.open("rb") if is_file else None
    except OSError as exc:
        raise DownloadError(f"{source}: {exc.strerror}; {remedy}") from exc
    if handle is None:
        raise DownloadError(f"{source} is a folder or a device, not a file; {remedy}")
    with handle:
        if n_bytes == 0 or n_bytes != (weights.n_bytes or n_bytes):
            raise DownloadError(f"{source}: {weights.mismatch(n_bytes=n_bytes, digests={})}; {remedy}")
        check_room(path.parent, n_bytes)
        copy = path.with_name(f"{path.name}.copy")
        copy.unlink(missing_ok=True)  # of a killed process; or a link, whose target would be emptied
        try:
            with copy.open("xb") as out:
                shutil.copyfileobj(handle, out, 1 << 20)
            _install(copy, path, weights, what=str(source), remedy=remedy)
        finally:
            copy.unlink(missing_ok=True)


def _install(arrived: Path, path: Path, weights: Weights, *, what: str, remedy: str) -> None:
    """Verify a complete file and give it its final name; remove it if it is not the published one."""
    digests = file_digests(arrived, {"sha256", *weights.digests})
    stat = arrived.stat()
    mismatch = weights.mismatch(n_bytes=stat.st_size, digests=digests)
    if mismatch is not None:
        remove_part(arrived)
        raise DownloadError(f"{what} is not the published file: {mismatch}; {remedy}")
    with arrived.open("rb+") as handle:
        os.fsync(handle.fileno())  # a power cut must not leave the final name on an empty file
    # Record first, then name: a file without a published digest is trusted only with a matching record.
    record_digests(path, (stat.st_size, stat.st_mtime_ns), digests)
    arrived.replace(path)
    remove_part(arrived)
