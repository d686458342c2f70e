"""Annotated events of a sound, as annotation programs store them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from panns.data.clips.missing_values import is_missing
from panns.errors import DataError


@dataclass(frozen=True, slots=True)
class Annotation:
    """One annotated event.

    Attributes:
        label: Name of the class.
        onset_s: Start, in seconds from the start of the sound.
        offset_s: End, in seconds from the start of the sound.
        score: Score of the detector; None if the file has none.
        review: A reviewer's entry beside the label, such as "confirmed" or the right class; "" for none.
        time: Clock time of the start; None if it is unknown.

    Raises:
        DataError: The label is empty or not text, the times are negative, not finite or not ascending, or the score is
            not finite.
    """

    label: str
    onset_s: float
    offset_s: float
    score: float | None = None
    review: str = ""
    time: datetime | None = None

    def __post_init__(self) -> None:
        if not self.label.strip() or is_missing(self.label):
            raise DataError("the label of an event is missing; give it a name, or remove the event")
        if any("\ud800" <= char <= "\udfff" for char in self.label):
            raise DataError(f"the label {self.label!a:.60} is not text; write it again in the program that it is from")
        if not (0 <= self.onset_s < math.inf and self.offset_s < math.inf):
            raise DataError(
                f"the event {self.label!r} from {self.onset_s:g} to {self.offset_s:g} s is not in a sound; give "
                "seconds from its start, 0 or more"
            )
        if not self.onset_s < self.offset_s:
            raise DataError(
                f"the event {self.label!r} from {self.onset_s:g} to {self.offset_s:g} s has no length; give an end "
                "after its start"
            )
        if self.score is not None and not math.isfinite(self.score):
            raise DataError(f"the event {self.label!r} has the score {self.score}; give a finite number, or none")


@dataclass(frozen=True)
class AnnotatedSound:
    """The annotated events of one sound.

    Attributes:
        file: Path of the sound; in formats that store less, its name without suffix.
        annotations: The events, in the order of the file.
        duration_s: Duration of the sound, in seconds; None if unknown.
        model: Name of the model that detected the events; "" if unknown.
        is_reviewed: False where the file holds predictions that nobody has annotated yet.
        is_marked: True where a reviewer's entry stands beside the label of a program, which alone says nothing.
    """

    file: str
    annotations: Sequence[Annotation]
    duration_s: float | None = None
    model: str = ""
    is_reviewed: bool = True
    is_marked: bool = False
