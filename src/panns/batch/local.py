"""Answers about many files, in order, from worker threads; a file that fails is an answer with its reason."""

from __future__ import annotations

import logging
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, BinaryIO, Generic, TypeAlias, TypeVar

from panns.batch.inputs import STDIN, Input
from panns.errors import PannsError
from panns.system.cores import n_cores
from panns.system.parallel import ordered_map
from panns.system.progress import OnProgress, Progress, ignore_progress

if TYPE_CHECKING:
    from panns.results import Detection, Embedding, Tagging

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


def answer_all(
    inputs: list[Input], ask: Ask[ResultT], *, on_progress: OnProgress = ignore_progress
) -> Iterator[Answer[ResultT]]:
    """Ask about every sound; the answers come in the order of the sounds, as soon as they can.

    Args:
        inputs: The sounds.
        ask: Called from several threads with a source and a callback for the progress within it.
        on_progress: Called in the caller's thread a few times a second: with the files that are done, or for one file
            alone with its seconds.
    """
    is_abandoned = threading.Event()
    of_one: Progress | None = None
    n_done = 0

    def on_sound_progress(progress: Progress) -> None:
        nonlocal of_one
        if is_abandoned.is_set():
            raise _Abandoned
        of_one = progress

    def tell() -> None:
        if len(inputs) > 1:
            on_progress(Progress(n_done, len(inputs), "files"))
        elif of_one is not None:
            on_progress(of_one)

    n_workers = min(len(inputs), n_cores())
    answers = ordered_map(
        lambda one: _answer(one, ask, on_sound_progress),
        inputs,
        n_threads=n_workers,
        # A few more than run, so that no worker waits for the caller; not all, for a folder may hold a million.
        n_ahead=4 * n_workers,
        on_wait=tell,
        # After an interrupt nobody waits for the hours of sound that are left, nor for a pipe that stays silent: a
        # worker that cannot end by itself ends with the process.
        waits_on_close=False,
    )
    try:
        for answer in answers:
            n_done += 1
            yield answer
            tell()
    finally:
        is_abandoned.set()
        answers.close()


class _Abandoned(BaseException):
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
