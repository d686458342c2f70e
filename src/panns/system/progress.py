"""Progress of a long call: the value and the callback type used by the whole package."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal, NamedTuple, TypeAlias

Unit = Literal["seconds of sound", "files", "clips", "soundscapes", "comparisons", "steps", "bytes"]


class Progress(NamedTuple):
    """Progress of a long call.

    Attributes:
        done: Amount completed, in `unit`.
        total: Total amount; None if unknown.
        unit: Unit of `done` and `total`.
        stage: Name of the stage, for calls with several stages; each stage starts from 0.
    """

    done: float
    total: float | None
    unit: Unit
    stage: str = ""


OnProgress: TypeAlias = Callable[[Progress], None]
"""Progress callback: called from time to time, in the thread of the call unless its documentation says otherwise."""


def ignore_progress(progress: Progress) -> None:
    """Ignore progress."""


class Stopped(Exception):
    """Raised by an `OnProgress` callback to end the call there; a training saves its state first."""
