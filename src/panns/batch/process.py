"""Processing of many files in worker threads of this machine."""

from __future__ import annotations

import logging
import sys
import threading
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass
from typing import Any, BinaryIO, Generic, Protocol, TypeAlias, TypeVar

from panns.batch.inputs import STDIN, Input
from panns.errors import PannsError
from panns.system.cores import n_cores
from panns.system.parallel import ordered_map
from panns.system.progress import OnProgress, Progress, ignore_progress


class _Result(Protocol):
    def to_dict(self) -> dict[str, Any]: ...


ResultT = TypeVar("ResultT", bound=_Result)
ProcessFile: TypeAlias = Callable[[str | BinaryIO, OnProgress], ResultT]
"""Computes the result of one file, given its path (or the stream of standard input) and a progress callback."""

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class FileResult(Generic[ResultT]):
    """Result or error of one file.

    Attributes:
        file: Path as given by the user.
        result: The result; None if the file failed.
        error: Error message; None if the file succeeded.
    """

    file: str
    result: ResultT | None
    error: str | None

    def to_dict(self) -> dict[str, Any]:
        """JSON: the result with the path as `file`, or `file` and `error`."""
        if self.result is None:
            return {"file": self.file, "error": self.error}
        return self.result.to_dict() | {"file": self.file}


def process_files(
    inputs: Sequence[Input],
    function: ProcessFile[ResultT],
    *,
    n_jobs: int | None = None,
    on_progress: OnProgress = ignore_progress,
) -> Generator[FileResult[ResultT], None, None]:
    """Compute a result for every input in worker threads; yield the results in order.

    An exception of `function` becomes the error of that file. Leaving the loop early cancels the remaining work without
    waiting for it: files in progress stop at their next progress report.

    Args:
        inputs: The sounds, as returned by `expand_paths`.
        function: Called from worker threads with a path (or the binary stream of standard input) and a progress
            callback for the sound, which it must call now and then.
        n_jobs: Maximum number of files at a time; None for one per CPU core.
        on_progress: Called in the caller's thread a few times a second: with the number of completed files, or for a
            single file with its seconds of sound.
    """
    is_cancelled = threading.Event()
    sound_progress: Progress | None = None
    n_done = 0

    def on_sound_progress(progress: Progress) -> None:
        nonlocal sound_progress
        if is_cancelled.is_set():
            raise _Cancelled
        sound_progress = progress

    def report() -> None:
        if len(inputs) > 1:
            on_progress(Progress(n_done, len(inputs), "files"))
        elif sound_progress is not None:
            on_progress(sound_progress)

    n_workers = max(1, min(len(inputs), n_jobs or n_cores()))
    results = ordered_map(
        lambda one: _process(one, function, on_sound_progress),
        inputs,
        n_threads=n_workers,
        # Results in advance keep all workers busy while the caller prints; bounded, because there may be a million.
        n_ahead=4 * n_workers,
        on_wait=report,
        # After an interrupt nothing waits for hours of sound in progress, or for a silent pipe; a worker that cannot
        # stop ends with the process.
        waits_on_close=False,
    )
    try:
        for result in results:
            n_done += 1
            yield result
            report()
    finally:
        is_cancelled.set()
        results.close()


class _Cancelled(BaseException):
    """Stops a worker whose result is no longer wanted."""


def _process(one: Input, function: ProcessFile[ResultT], on_progress: OnProgress) -> FileResult[ResultT]:
    if one.problem is not None:
        return FileResult(one.file, None, one.problem)
    try:
        return FileResult(one.file, function(sys.stdin.buffer if one.file == STDIN else one.file, on_progress), None)
    except PannsError as error:
        return FileResult(one.file, None, str(error))
    except Exception as error:  # a bug that one file triggers must not lose the results of ten thousand others
        logger.debug("%s", one.file, exc_info=True)
        reason = f"{type(error).__name__}: {error}".rstrip(": ")
        return FileResult(
            one.file, None, f"{one.file}: failed unexpectedly ({reason}); please report it together with the file"
        )
