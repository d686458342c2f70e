"""Fetching published weights: a file is under its final name in the cache only when it is whole and checked.

    <file>.part        what has arrived so far; a dropped or interrupted download goes on from there
    <file>.part.json   which version of the file that is (address, ETag, length), so that two versions are never spliced

What can be checked stands in the file's record (`weights`), where it lies in `cache`.
"""

from __future__ import annotations

import http.client
import json
import logging
import os
import re
import shutil
import ssl
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO

from panns.errors import DownloadError
from panns.hub.cache import downloads_dir, exclusive, is_checked, remember, storage_errors
from panns.models.weights import Weights, is_fetchable_url
from panns.system.files import file_digests
from panns.system.progress import OnProgress, Progress, ignore_progress

log = logging.getLogger(__name__)


_BLOCK_BYTES = 1 << 18
_BACKOFF_S = 1.0  # doubled after every failure in a row
_NEW_START_BYTES = 1 << 20  # an attempt that brings this much is not counted as a failure in a row


@dataclass(frozen=True)
class _Job:
    """One file to be downloaded."""

    weights: Weights
    part: Path
    timeout_s: float
    way_out: str  # what a person can do when the network does not deliver

    def refuse(self, problem: str) -> DownloadError:
        return DownloadError(f"{self.weights.url}: {problem}; try again later, or {self.way_out}")


@dataclass(frozen=True)
class _Version:
    """Which version of a file a part belongs to."""

    url: str
    validator: str | None  # a strong ETag, else the date of the last change
    total: int | None


class _Dropped(Exception):
    """The network or the server failed in a way that may pass."""


def fetched(weights: Weights) -> Path | None:
    """Path of the checked file in the cache, or `None`; never uses the network."""
    path = downloads_dir() / weights.file
    if is_checked(path, weights):
        return path
    if path.exists():
        log.warning("%s was not put there by a checked fetch, or has changed since; it is not used", path)
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
    """Path of the published file in the cache; it is downloaded if it is not there yet, and checked.

    Args:
        weights: The file's record.
        name: The registered model's name, for the command in messages.
        from_file: Take this local file instead of the network, with the same checks, even where one is there.
        on_progress: Called with the bytes so far; their number never falls.
        timeout_s: Longest silence of the server, > 0.
        retries: How often to go on after a dropped connection or a server's failure, in a row.

    Raises:
        DownloadError: The file could not be had, or is not the published one; the message says what to do.
    """
    if timeout_s <= 0 or retries < 0:
        raise ValueError(f"timeout_s={timeout_s} and retries={retries}; use timeout_s > 0 and retries >= 0")
    if from_file is None and (path := fetched(weights)) is not None:
        return path
    folder = downloads_dir()
    path, part = folder / weights.file, folder / f"{weights.file}.part"
    way_out = f"download {weights.url} in a browser and run: panns models fetch {name} --from FILE"
    with storage_errors(folder):
        folder.mkdir(parents=True, exist_ok=True)
        patience_s = (retries + 1) * timeout_s + 120  # hashing and copying change nothing that can be watched
        with exclusive(folder / f"{weights.file}.lock", watched=part, patience_s=patience_s):
            if from_file is not None:
                _take(from_file, path, weights)
                _forget(part)
            elif not is_checked(path, weights):  # else another process fetched it while this one waited
                _download(_Job(weights, part, timeout_s, way_out), on_progress, retries=retries)
                _install(part, path, weights, way_out=f"it was removed; try again later, or {way_out}")
    return path


def _take(source: Path, path: Path, weights: Weights) -> None:
    """Copy a local file into the cache, if it is the published one."""
    way_out = f"give the file that {weights.url} gives"
    try:
        is_file, n_bytes = source.is_file(), source.stat().st_size
        handle = source.open("rb") if is_file else None
    except OSError as exc:
        raise DownloadError(f"{source}: {exc.strerror}; {way_out}") from exc
    if handle is None:
        raise DownloadError(f"{source} is a folder or a device, not a file; {way_out}")
    with handle:
        if n_bytes == 0 or n_bytes != (weights.n_bytes or n_bytes):
            raise DownloadError(f"{source}: {weights.mismatch(n_bytes=n_bytes, digests={})}; {way_out}")
        _check_room(path.parent, n_bytes)
        copy = path.with_name(f"{path.name}.copy")
        try:
            with copy.open("wb") as out:
                shutil.copyfileobj(handle, out, 1 << 20)
            _install(copy, path, weights, way_out=f"{source} was not taken; {way_out}")
        finally:
            copy.unlink(missing_ok=True)


def _install(arrived: Path, path: Path, weights: Weights, *, way_out: str) -> None:
    """Check a whole file and give it its final name; remove it if it is not the published one."""
    digests = file_digests(arrived, {"sha256", *weights.digests})
    stat = arrived.stat()
    wrong = weights.mismatch(n_bytes=stat.st_size, digests=digests)
    if wrong is not None:
        _forget(arrived)
        raise DownloadError(f"{weights.file} is not the published file: {wrong}; {way_out}")
    if weights.check == "none":
        log.warning("%s: %s; kept with sha256 %s", weights.file, weights.describe_check(), digests["sha256"])
    with arrived.open("rb+") as handle:
        os.fsync(handle.fileno())  # a power cut must not leave the final name on an empty file
    # First the note, then the name: a file without a known digest is trusted only with a note that fits it.
    remember(path, (stat.st_size, stat.st_mtime_ns), digests)
    arrived.replace(path)
    _forget(arrived)


def _check_room(folder: Path, n_bytes: int) -> None:
    free = shutil.disk_usage(folder).free
    if n_bytes > free:
        raise DownloadError(
            f"{n_bytes:,} bytes are needed in {folder} and {free:,} are free; "
            "make room, or set PANNS_CACHE to a folder on another disk"
        )


def _download(job: _Job, on_progress: OnProgress, *, retries: int) -> None:
    """Bring the whole file to `job.part`, going on after failures that may pass."""
    highest = -1

    def report(n_bytes: int, total: int | None) -> None:
        nonlocal highest
        if n_bytes > highest:  # after a start from zero the number stands still rather than falls
            highest = n_bytes
            on_progress(Progress(n_bytes, total, "bytes"))

    failures, best = 0, _begun(job)[0]
    while True:
        try:
            _receive(job, report)
        except _Dropped as exc:
            kept = _begun(job)[0]
            if kept >= best + _NEW_START_BYTES:
                failures, best = 0, kept
            failures += 1
            if failures > retries:
                resume = f" ({kept:,} bytes are kept, and the next try goes on from there)" if kept else ""
                raise job.refuse(f"{exc}{resume}") from exc
            log.info("%s: %s; trying again (%d of %d)", job.weights.file, exc, failures, retries)
            time.sleep(_BACKOFF_S * 2 ** (failures - 1))
        else:
            return


def _receive(job: _Job, report: Callable[[int, int | None], None]) -> None:
    """One request: whatever of the file is not in `job.part` yet."""
    offset, kept = _begun(job)
    if kept is not None and 0 < offset == kept.total:
        report(offset, kept.total)
        return
    with _open(job, offset, kept) as response:
        version, offset = _agree(job, offset, kept, response)
        if offset == 0:
            _forget(job.part)
            _version_path(job.part).write_text(json.dumps(asdict(version)), encoding="utf-8")
        total = version.total
        with job.part.open("ab") as out:
            report(offset, total)
            while offset != total:
                room = _BLOCK_BYTES if total is None else min(_BLOCK_BYTES, total - offset)
                try:
                    block = response.read1(room)
                except (OSError, http.client.HTTPException) as exc:
                    raise _Dropped(f"the connection broke ({_words(exc)})") from exc
                if not block:
                    break
                out.write(block)
                offset += len(block)
                report(offset, total)
                if total is None and offset > (job.weights.n_bytes or offset):
                    raise job.refuse(f"the server sends more than the file's {job.weights.n_bytes:,} bytes")
    if total is not None and offset < total:
        raise _Dropped(f"the connection closed after {offset:,} of {total:,} bytes")


def _open(job: _Job, offset: int, kept: _Version | None) -> http.client.HTTPResponse:
    """Ask for the file from `offset` on."""
    headers = {"User-Agent": "panns-audio"}
    if offset > 0:
        headers["Range"] = f"bytes={offset}-"
        if kept is not None and kept.validator is not None:
            headers["If-Range"] = kept.validator
    request = urllib.request.Request(job.weights.url, headers=headers)  # noqa: S310 the record allows https only
    try:
        opener = urllib.request.build_opener(_SafeRedirects)
        response: http.client.HTTPResponse = opener.open(request, timeout=job.timeout_s)
    except urllib.error.HTTPError as exc:
        exc.close()
        if exc.code == 416:  # the part does not fit what the server has now
            _forget(job.part)
            raise _Dropped("the server has another version of the file than the one begun") from exc
        if exc.code >= 500:
            raise _Dropped(f"the server failed ({exc.code} {exc.reason})") from exc
        raise job.refuse(f"the server answered {exc.code} {exc.reason}") from exc
    except (OSError, http.client.HTTPException) as exc:
        reason = exc.reason if isinstance(exc, urllib.error.URLError) else exc
        if isinstance(reason, ssl.SSLCertVerificationError):
            hint = "behind a company's proxy, set SSL_CERT_FILE to its certificates"
            raise job.refuse(f"the server's certificate is not trusted ({_words(reason)}); {hint}") from exc
        raise _Dropped(f"no answer ({_words(reason)})") from exc
    return response


def _agree(job: _Job, offset: int, kept: _Version | None, response: http.client.HTTPResponse) -> tuple[_Version, int]:
    """Which version the server sends, and from which byte on; refuses what cannot be the published file."""
    headers, weights = response.headers, job.weights
    if headers.get_content_type() == "text/html":
        raise job.refuse("the server answered with a web page, not with a file")
    length = headers.get("Content-Length", "")
    start, total = 0, int(length) if re.fullmatch(r"[0-9]+", length) else None
    validator = _validator(headers)
    if response.status == 206:
        span = re.fullmatch(r"bytes ([0-9]+)-[0-9]+/([0-9]+)", headers.get("Content-Range", "").strip())
        is_wanted = span is not None and kept is not None and (int(span[1]), int(span[2])) == (offset, kept.total)
        if not is_wanted or kept is None or validator not in {None, kept.validator}:
            _forget(job.part)
            raise _Dropped("the server answered with another part, or another version, of the file than asked for")
        start, total, validator = offset, kept.total, kept.validator
    if total is None and not weights.digests:
        raise job.refuse("neither server nor publisher says enough to tell half a file from a whole one")
    if total is not None and total != (weights.n_bytes or total):
        raise job.refuse(f"the server offers {total:,} bytes, the published file has {weights.n_bytes:,}")
    if total is not None:
        _check_room(job.part.parent, total - start)
    return _Version(weights.url, validator, total), start


class _SafeRedirects(urllib.request.HTTPRedirectHandler):
    """Follows redirects to https only (or on this machine), and never from https down to http."""

    def redirect_request(
        self,
        req: urllib.request.Request,
        fp: IO[bytes],
        code: int,
        msg: str,
        headers: http.client.HTTPMessage,
        newurl: str,
    ) -> urllib.request.Request | None:
        if not is_fetchable_url(newurl) or (req.type == "https" and not newurl.lower().startswith("https:")):
            raise urllib.error.HTTPError(req.full_url, code, f"redirect to {newurl}, not https", headers, fp)
        return super().redirect_request(req, fp, code, msg, headers, newurl)


def _validator(headers: http.client.HTTPMessage) -> str | None:
    etag = headers.get("ETag")
    # A weak ETag (W/...) promises the same meaning, not the same bytes.
    return etag if etag is not None and not etag.startswith("W/") else headers.get("Last-Modified")


def _begun(job: _Job) -> tuple[int, _Version | None]:
    """How many bytes of which version are there to go on from."""
    part = job.part
    try:
        kept = _Version(**json.loads(_version_path(part).read_text(encoding="utf-8")))
        n_bytes = part.stat().st_size
    except (OSError, ValueError, TypeError):
        return 0, None
    has_guard = kept.validator is not None or job.weights.digests  # a splice of two versions would be noticed
    if not has_guard or kept.url != job.weights.url or not isinstance(kept.total, int) or n_bytes > kept.total:
        return 0, None
    return n_bytes, kept


def _version_path(part: Path) -> Path:
    return part.with_name(f"{part.name}.json")


def _forget(part: Path) -> None:
    part.unlink(missing_ok=True)
    _version_path(part).unlink(missing_ok=True)


def _words(exc: object) -> str:
    return str(exc) or type(exc).__name__
