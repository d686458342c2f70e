"""Progress of a long call: one type and one callback for the whole package."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal, NamedTuple, TypeAlias

Unit = Literal["seconds of sound", "files", "clips", "soundscapes", "comparisons", "steps", "bytes"]


class Progress(NamedTuple):
    """How far a long call is.

    Attributes:
        done: Amount done, in `unit`.
        total: Amount in all; None if unknown.
        unit: What is counted.
        stage: Name of the stage, for calls with several; each stage counts from 0.
    """

    done: float
    total: float | None
    unit: Unit
    stage: str = ""


OnProgress: TypeAlias = Callable[[Progress], None]
"""Called now and then, in the thread of the call unless its documentation says otherwise."""


def ignore_progress(progress: Progress) -> None:
    """Ignore progress."""
