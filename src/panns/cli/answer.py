"""Asking a recognizer about many files: in parallel, answered in order, failures named, progress on a terminal."""

from __future__ import annotations

import os
import sys
import threading
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, Generic, TypeVar

from panns.cli.inputs import STDIN
from panns.errors import PannsError

if TYPE_CHECKING:
    from panns.recognizer import Recognizer
    from panns.results import Embedding, Tagging

ResultT = TypeVar("ResultT", bound="Tagging | Embedding")
OnProgress = Callable[[float, float | None], None]

SHOW_PROGRESS_AFTER_S = 1.0


@dataclass(frozen=True)
class Answer(Generic[ResultT]):
    """What became of one file: a result, or the sentence that says why there is none."""

    file: str
    result: ResultT | None
    error: str | None


def load_for(files: list[str], *, model: str, weights: Path | None, backend: str, device: str) -> Recognizer:
    """The recognizer for these files; it says on stderr what it chose.

    Several files are heard at once, one a core, so each then gets one thread; a single file gets all of them.
    """
    from panns.recognizer import load

    # Plain strings, so that messages show them as they were given; typer has checked the name of the backend.
    n_threads = 1 if len(files) > 1 else None
    recognizer = load(model, weights, str(backend), str(device), n_threads=n_threads)  # type: ignore[arg-type]
    if sys.stderr.isatty():
        print(f"{recognizer.manifest.architecture} on {recognizer.device} by {recognizer.backend}", file=sys.stderr)
    return recognizer


def answer_all(files: list[str], ask: Callable[[str | BinaryIO, OnProgress], ResultT]) -> Iterator[Answer[ResultT]]:
    """Ask about every file; the answers come in the order of the files, as soon as they can.

    Args:
        files: Paths, or - for standard input.
        ask: Called from several threads with a source and what to call with the seconds heard and declared.
    """
    n_workers = min(len(files), _n_cores())
    with ThreadPoolExecutor(n_workers, thread_name_prefix="panns") as pool, _Progress(len(files)) as progress:
        waiting = iter(files)
        running: deque[Future[Answer[ResultT]]] = deque()
        is_unwanted = threading.Event()

        def heard(heard_s: float, declared_s: float | None) -> None:
            if is_unwanted.is_set():
                raise _Unwanted
            progress.heard(heard_s, declared_s)

        def submit(count: int) -> None:
            running.extend(pool.submit(_answer, file, ask, heard) for file in islice(waiting, count))

        # A few more than run, so that no worker waits for the printing; not all, for a folder may hold a million.
        submit(4 * n_workers)
        try:
            while running:
                while not running[0].done():
                    wait([running[0]], timeout=0.2)
                    progress.show()
                answer = running.popleft().result()
                submit(1)
                progress.file_done()
                yield answer
        finally:  # after an interrupt nobody waits for the hours of sound that are left
            is_unwanted.set()
            pool.shutdown(cancel_futures=True)


class _Unwanted(Exception):
    """Ends a worker whose answer nobody waits for any more."""


def _answer(
    file: str, ask: Callable[[str | BinaryIO, OnProgress], ResultT], on_progress: OnProgress
) -> Answer[ResultT]:
    try:
        return Answer(file, ask(sys.stdin.buffer if file == STDIN else file, on_progress), None)
    except PannsError as error:
        return Answer(file, None, str(error))


def report_problems(answer: Answer[Tagging] | Answer[Embedding]) -> None:
    """Say on stderr why a file was not answered, or what was wrong with it although it was."""
    if answer.result is None:
        print(f"panns: {answer.error}", file=sys.stderr)
        return
    for warning in answer.result.warnings:
        print(f"panns: warning: {answer.file}: {warning}", file=sys.stderr)


def _n_cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


class _Progress:
    """A bar on a terminal for what takes over a second: files if there are many, seconds of sound if there is one."""

    def __init__(self, n_files: int) -> None:
        import time

        self._clock = time.monotonic
        self._start_s = self._clock()
        self._n_files = n_files
        self._n_done = 0
        self._heard_s = 0.0
        self._declared_s: float | None = None
        self._bar: Any = None  # rich.progress.Progress, imported only when there is something to show
        self._task: Any = None

    def heard(self, heard_s: float, declared_s: float | None) -> None:
        self._heard_s, self._declared_s = heard_s, declared_s

    def file_done(self) -> None:
        self._n_done += 1
        self.show()

    def show(self) -> None:
        if not sys.stderr.isatty() or self._clock() - self._start_s < SHOW_PROGRESS_AFTER_S:
            return
        if self._bar is None:
            self._bar, self._task = _start_bar("files" if self._n_files > 1 else "seconds of sound")
        if self._n_files > 1:
            self._bar.update(self._task, completed=self._n_done, total=self._n_files)
        else:
            self._bar.update(
                self._task, completed=round(self._heard_s), total=self._declared_s and round(self._declared_s)
            )

    def __enter__(self) -> _Progress:
        return self

    def __exit__(self, *_: object) -> None:
        if self._bar is not None:
            self._bar.stop()


def _start_bar(unit: str) -> tuple[Any, Any]:
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (BarColumn(), MofNCompleteColumn(), TextColumn(unit), TimeRemainingColumn())
    # On a terminal the bar moves below what is printed; into a file or a pipe, results must go on untouched.
    is_shared = sys.stdout.isatty()
    bar = Progress(*columns, console=Console(stderr=True), transient=True, redirect_stdout=is_shared)
    bar.start()
    return bar, bar.add_task("", total=None)
