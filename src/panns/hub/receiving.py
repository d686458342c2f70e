"""Receive a file by HTTP: retries after failures that may pass, resumes, and ends whatever the server does.

<file>.part        the bytes that have arrived; an interrupted download resumes from them
<file>.part.json   version of the file (address, ETag, length), which keeps two versions from being spliced
"""

from __future__ import annotations

import http.client
import logging
import re
import shutil
import ssl
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path

from panns.config import config_from_dict
from panns.errors import DownloadError
from panns.hub.connection import Guard, open_url
from panns.models.weights import Weights
from panns.system.json_files import read_json_object, write_json
from panns.system.progress import OnProgress, Progress
from panns.system.safe_text import printable

logger = logging.getLogger(__name__)

_BLOCK_BYTES = 1 << 18
_BACKOFF_S = 1.0  # doubled after every further failure
_PROGRESS_BYTES = 1 << 20  # an attempt that brings this much resets the count of failures
_MIN_BYTES_PER_S = 1000.0  # of a connection that is worth waiting for; the smallest model then takes an hour
_LONGEST_S = 24 * 3600.0
_LONGEST_REASON = 200
_LENGTH = "[0-9]{1,15}"  # of a file; Python refuses to convert thousands of digits


@dataclass(frozen=True)
class Transfer:
    """Download of one file.

    Attributes:
        weights: Record of the file.
        part: File for the bytes that have arrived.
        max_bytes: Most bytes that the file may have.
        remedy: Advice to the user if the network fails.
        timeout_s: Longest silence of the server, in seconds.
        until_s: End of all attempts, on the monotonic clock.
    """

    weights: Weights
    part: Path
    max_bytes: int
    remedy: str
    timeout_s: float
    until_s: float = field(default_factory=lambda: time.monotonic() + _LONGEST_S)

    def error(self, problem: str) -> DownloadError:
        """Error that names the address, the problem and the remedy."""
        return DownloadError(f"{self.weights.url}: {problem}; try again later, or {self.remedy}")


@dataclass(frozen=True)
class _Version:
    """Version of a file on the server."""

    url: str
    validator: str | None  # strong ETag, else date of the last change
    total: int | None


class _Dropped(Exception):
    """A failure of the network or the server that may pass."""


def receive(job: Transfer, on_progress: OnProgress, *, retries: int) -> None:
    """Download the complete file to `job.part`, with retries after failures that may pass."""
    highest = -1

    def report(n_bytes: int, total: int | None) -> None:
        nonlocal highest
        if n_bytes > highest:  # after a restart from zero the number waits rather than falls
            highest = n_bytes
            on_progress(Progress(n_bytes, total, "bytes"))

    failures, best = 0, _resumable(job)[0]
    while True:
        try:
            _request(job, report)
        except _Dropped as exc:
            kept = _resumable(job)[0]
            if kept >= best + _PROGRESS_BYTES:
                failures, best = 0, kept
            failures += 1
            if failures > retries:
                resume = f" ({kept:,} bytes are kept; the next attempt resumes from them)" if kept else ""
                raise job.error(f"{exc}{resume}") from exc
            logger.info("%s: %s; retrying (%d of %d)", job.weights.file, exc, failures, retries)
            time.sleep(_BACKOFF_S * 2 ** (failures - 1))
        else:
            return


def _request(job: Transfer, report: Callable[[int, int | None], None]) -> None:
    """Append the missing bytes of the file to `job.part`, in one request."""
    offset, kept = _resumable(job)
    if kept is not None and 0 < offset == kept.total:
        report(offset, kept.total)
        return
    with Guard(2 * job.timeout_s) as guard, _open(job, offset, kept, guard) as response:
        version, offset = _agree(job, offset, kept, response)
        if offset == 0:
            remove_part(job.part)
            write_json(_version_path(job.part), asdict(version))
        total = version.total
        with job.part.open("ab") as out:
            report(offset, total)
            pace = _Pace(job)
            while offset != total:
                guard.allow()
                room = _BLOCK_BYTES if total is None else min(_BLOCK_BYTES, total - offset)
                try:
                    block = response.read1(room)
                except (OSError, http.client.HTTPException) as exc:
                    raise _Dropped(f"connection lost ({_describe(exc)})") from exc
                if not block:
                    break
                out.write(block)
                offset += len(block)
                report(offset, total)
                pace.check(len(block))
                if offset > job.max_bytes:
                    raise job.error(f"the server sent more than the {job.max_bytes:,} bytes that the file may have")
    if guard.has_cut:  # a cut reply may look like a short one
        raise _Dropped("the reply came too slowly")
    if total is not None and offset < total:
        raise _Dropped(f"connection closed after {offset:,} of {total:,} bytes")


class _Pace:
    """The speed of a connection, and the time that is left."""

    def __init__(self, job: Transfer) -> None:
        self._job = job
        self._since_s = time.monotonic()
        self._n_bytes = 0

    def check(self, n_bytes: int) -> None:
        """Count bytes that arrived.

        Raises:
            _Dropped: In the last `timeout_s` seconds too few arrived.
            DownloadError: All attempts together take too long.
        """
        self._n_bytes += n_bytes
        now_s = time.monotonic()
        if now_s > self._job.until_s:
            raise self._job.error(f"not complete after {_LONGEST_S / 3600:.0f} hours")
        duration_s = now_s - self._since_s
        if duration_s < self._job.timeout_s:
            return
        if self._n_bytes < _MIN_BYTES_PER_S * duration_s:
            raise _Dropped(f"only {self._n_bytes:,} bytes in {duration_s:.0f} s")
        self._since_s, self._n_bytes = now_s, 0


def _open(job: Transfer, offset: int, kept: _Version | None, guard: Guard) -> http.client.HTTPResponse:
    """Request the file from byte `offset` on."""
    headers = {"User-Agent": "panns-audio"}
    if offset > 0:
        headers["Range"] = f"bytes={offset}-"
        if kept is not None and kept.validator is not None:
            headers["If-Range"] = kept.validator
    try:
        return open_url(job.weights.url, headers, timeout_s=job.timeout_s, guard=guard)
    except urllib.error.HTTPError as exc:
        exc.close()
        if exc.code == 416:  # the part is not of the server's current version
            remove_part(job.part)
            raise _Dropped("the server has another version of the file than the partial download") from exc
        if exc.code >= 500:
            raise _Dropped(f"server error {exc.code} {exc.reason}") from exc
        if str(exc.reason).startswith(urllib.request.HTTPRedirectHandler.inf_msg):
            raise job.error("the address redirects in a circle, or too often") from exc
        raise job.error(f"the server replied {exc.code} {exc.reason}") from exc
    except (OSError, http.client.HTTPException) as exc:
        reason = exc.reason if isinstance(exc, urllib.error.URLError) else exc
        if isinstance(reason, ssl.SSLCertVerificationError):
            hint = "behind a company proxy, set SSL_CERT_FILE to its certificates"
            raise job.error(f"untrusted server certificate ({_describe(reason)}); {hint}") from exc
        if isinstance(reason, ssl.SSLError) and not isinstance(reason, ssl.SSLEOFError | ssl.SSLZeroReturnError):
            raise job.error(f"the server does not agree on an encrypted connection ({_describe(reason)})") from exc
        raise _Dropped(f"no reply ({_describe(reason)})") from exc
    except ValueError as exc:  # a header with a line break, in the record of an earlier attempt
        remove_part(job.part)
        raise _Dropped(f"no request ({_describe(exc)})") from exc


def _agree(
    job: Transfer, offset: int, kept: _Version | None, response: http.client.HTTPResponse
) -> tuple[_Version, int]:
    """Version that the server sends, and its first byte; refuses a reply that cannot be the published file."""
    headers, weights = response.headers, job.weights
    if headers.get_content_type() == "text/html":
        raise job.error("the server sent a web page instead of the file")
    length = headers.get("Content-Length", "")
    if re.fullmatch("[0-9]+", length) and not re.fullmatch(_LENGTH, length):
        raise job.error(f"the server offers an impossible length of {len(length)} digits")
    start, total = 0, int(length) if re.fullmatch(_LENGTH, length) else None
    validator = _validator(headers)
    if response.status == 206:
        span = re.fullmatch(rf"bytes ({_LENGTH})-{_LENGTH}/({_LENGTH})", headers.get("Content-Range", "").strip())
        is_wanted = span is not None and kept is not None and (int(span[1]), int(span[2])) == (offset, kept.total)
        if not is_wanted or kept is None or validator not in {None, kept.validator}:
            remove_part(job.part)
            raise _Dropped("the server sent another part, or another version, of the file than requested")
        start, total, validator = offset, kept.total, kept.validator
    if total is None and not weights.digests:
        raise job.error("without a length or a digest, a truncated file would go unnoticed")
    if total is not None and total != (weights.n_bytes or total):
        raise job.error(f"the server offers {total:,} bytes, but the published file has {weights.n_bytes:,}")
    if total is not None and total > job.max_bytes:
        raise job.error(f"the server offers {total:,} bytes, and the file may have {job.max_bytes:,}")
    if total is not None:
        check_room(job.part.parent, total - start)
    return _Version(weights.url, validator, total), start


def _validator(headers: http.client.HTTPMessage) -> str | None:
    etag = headers.get("ETag")
    # A weak ETag (W/...) promises the same meaning, not the same bytes.
    return etag if etag is not None and not etag.startswith("W/") else headers.get("Last-Modified")


def _resumable(job: Transfer) -> tuple[int, _Version | None]:
    """Number and version of the bytes that the download can resume from."""
    part = job.part
    try:
        kept = config_from_dict(_Version, read_json_object(_version_path(part)))
        n_bytes = part.stat().st_size
    except (OSError, ValueError):
        return 0, None
    has_guard = kept.validator is not None or job.weights.digests  # either would reveal a splice of two versions
    if not has_guard or kept.url != job.weights.url or not isinstance(kept.total, int) or n_bytes > kept.total:
        return 0, None
    return n_bytes, kept


def _version_path(part: Path) -> Path:
    return part.with_name(f"{part.name}.json")


def remove_part(part: Path) -> None:
    """Remove an unfinished download."""
    part.unlink(missing_ok=True)
    _version_path(part).unlink(missing_ok=True)


def _describe(exc: object) -> str:
    # A server that speaks another protocol is quoted here, with kilobytes of whatever it sent.
    return printable(str(exc))[:_LONGEST_REASON] or type(exc).__name__


def check_room(folder: Path, n_bytes: int) -> None:
    """Check that a folder has room for a file.

    Raises:
        DownloadError: The disk has less space.
    """
    free = shutil.disk_usage(folder).free
    if n_bytes > free:
        raise DownloadError(
            f"{folder} needs {n_bytes:,} bytes and has {free:,} free; "
            "free space, or set PANNS_CACHE to a folder on another disk"
        )
