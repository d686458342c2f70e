"""Asking a recognizer about many files: in parallel, answered in order, failures named, progress on a terminal."""

from __future__ import annotations

import logging
import sys
import threading
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, Generic, TypeAlias, TypeVar

from panns.cli.inputs import STDIN, Input
from panns.cli.output import complain
from panns.cli.progress import Bar, doing
from panns.errors import PannsError

if TYPE_CHECKING:
    from panns.recognizer import Recognizer
    from panns.results import Detection, Embedding, Tagging
    from panns.tasks.progress import OnProgress

ResultT = TypeVar("ResultT", bound="Tagging | Detection | Embedding")
Ask: TypeAlias = "Callable[[str | BinaryIO, OnProgress], ResultT]"

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Answer(Generic[ResultT]):
    """What became of one file, under the name that the user gave it: a result, or the sentence why there is none."""

    file: str
    result: ResultT | None
    error: str | None

    def to_dict(self) -> dict[str, Any]:
        """JSON of this answer."""
        if self.result is None:
            return {"file": self.file, "error": self.error}
        return self.result.to_dict() | {"file": self.file}


def load_for(inputs: list[Input], *, model: str, weights: Path | None, backend: str, device: str) -> Recognizer:
    """The recognizer for these sounds; it says on a terminal what it chose.

    Several are heard at once, one a core, so each then gets one thread; a single one gets all of them.
    """
    n_threads = 1 if len(inputs) > 1 else None
    recognizer = load_shown(model, weights=weights, backend=backend, device=device, n_threads=n_threads)
    if sys.stderr.isatty():
        print(told(recognizer), file=sys.stderr)
    return recognizer


def load_shown(model: str, *, weights: Path | None, backend: str, device: str, n_threads: int | None) -> Recognizer:
    """The recognizer; it says on a terminal what it waits for."""
    from panns.recognizer import load

    with doing(f"loading {model}"):
        # Plain strings, so that messages show them as they were given; typer has checked the name of the backend.
        return load(model, weights, str(backend), str(device), n_threads=n_threads)  # type: ignore[arg-type]


def told(recognizer: Recognizer) -> str:
    """What hears, in words."""
    return f"{recognizer.manifest.architecture} on {recognizer.device} by {recognizer.backend}"


def answer_all(inputs: list[Input], ask: Ask[ResultT]) -> Iterator[Answer[ResultT]]:
    """Ask about every sound; the answers come in the order of the sounds, as soon as they can.

    Args:
        inputs: The sounds.
        ask: Called from several threads with a source and what to call with the seconds heard and declared.
    """
    from panns.runtime.backend import n_threads_or_all

    n_workers = min(len(inputs), n_threads_or_all(None))
    pool = ThreadPoolExecutor(n_workers, thread_name_prefix="panns")
    waiting = iter(inputs)
    running: deque[Future[Answer[ResultT]]] = deque()
    is_unwanted = threading.Event()
    heard_of_one: tuple[float, float | None] = (0.0, None)
    n_done = 0

    def on_progress(heard_s: float, declared_s: float | None) -> None:
        nonlocal heard_of_one
        if is_unwanted.is_set():
            raise _Unwanted
        heard_of_one = heard_s, declared_s

    def submit(count: int) -> None:
        running.extend(pool.submit(_answer, one, ask, on_progress) for one in islice(waiting, count))

    def show(bar: Bar) -> None:
        bar.show(n_done, len(inputs)) if len(inputs) > 1 else bar.show(*heard_of_one)

    with Bar("files" if len(inputs) > 1 else "seconds of sound") as bar:
        try:
            # A few more than run, so that no worker waits for the printing; not all, for a folder may hold a million.
            submit(4 * n_workers)
            while running:
                while not running[0].done():
                    wait([running[0]], timeout=0.2)
                    show(bar)
                answer = running.popleft().result()
                submit(1)
                n_done += 1
                yield answer
                show(bar)
        finally:
            # After an interrupt nobody waits for the hours of sound that are left, nor for a pipe that stays silent:
            # what cannot end by itself ends with the process, in `main`.
            is_unwanted.set()
            pool.shutdown(wait=not running, cancel_futures=True)


class _Unwanted(BaseException):
    """Ends a worker whose answer nobody waits for any more; no error of its sound."""


def _answer(one: Input, ask: Ask[ResultT], on_progress: OnProgress) -> Answer[ResultT]:
    if one.problem is not None:
        return Answer(one.file, None, one.problem)
    try:
        return Answer(one.file, ask(sys.stdin.buffer if one.file == STDIN else one.file, on_progress), None)
    except PannsError as error:
        return Answer(one.file, None, str(error))
    except Exception as error:  # whatever is wrong with one file or with us, ten thousand others are to be answered
        logger.debug("%s", one.file, exc_info=True)
        reason = f"{type(error).__name__}: {error}".rstrip(": ")
        return Answer(
            one.file, None, f"{one.file}: failed in an unforeseen way ({reason}); please report it with the file"
        )


def report_problems(answer: Answer[Tagging] | Answer[Detection] | Answer[Embedding]) -> None:
    """Say on stderr why a file was not answered, or what was wrong with it although it was."""
    if answer.result is None:
        complain(str(answer.error))
        return
    for warning in answer.result.warnings:
        complain(f"warning: {answer.file}: {warning}")
