"""One clip of a data set: where it lies, what is heard in it, and what it must not be parted from."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from panns.errors import DataError


@dataclass(frozen=True, slots=True)
class TimedLabel:
    """What is heard in a stretch of a clip, in seconds from the clip's own start."""

    label: str
    onset_s: float
    offset_s: float

    def __post_init__(self) -> None:
        _check_name("label", self.label)
        _check_stretch(self.onset_s, self.offset_s)


@dataclass(frozen=True, slots=True)  # slots, for there may be two million
class Clip:
    """One clip.

    Attributes:
        path: Its file, absolute or relative to the folder of its manifest.
        labels: Names of the classes that are heard in it; none where they are not known, or where none is.
        fold: The part of the data that it belongs to, such as "1" or "train"; "" for none.
        source: What it was cut from, "" where that is not known; clips of one source never stand on both sides of a
            split.
        onset_s: Where in the file it begins; None for its start.
        offset_s: Where in the file it ends; None for its end.
        events: When something is heard in it.
        licence: Its own licence.
        attribution: Who is to be named for it, and where it was published.

    Raises:
        DataError: An empty path, a name that is empty or has spaces around it, a label twice, or a time that is
            negative, not finite or not before the end of its stretch.
    """

    path: str
    labels: tuple[str, ...] = ()
    fold: str = ""
    source: str = ""
    onset_s: float | None = None
    offset_s: float | None = None
    events: tuple[TimedLabel, ...] = ()
    licence: str = ""
    attribution: str = ""

    def __post_init__(self) -> None:
        if not self.path.strip():
            raise DataError("the path is empty; give the file of the clip")
        _check_labels(self.labels)
        for what, name in (("fold", self.fold), ("source", self.source)):
            if name != name.strip():
                raise DataError(f"the {what} {name!r} has spaces around it; remove them")
        if self.onset_s is not None or self.offset_s is not None:
            _check_stretch(self.onset_s or 0.0, self.offset_s)

    @property
    def is_whole_file(self) -> bool:
        """True if the clip is its whole file."""
        return not self.onset_s and self.offset_s is None


def _check_labels(labels: Sequence[str]) -> None:
    for label in labels:
        _check_name("label", label)
    if len(labels) > 1 and len(set(labels)) < len(labels):
        twice = next(label for label in labels if labels.count(label) > 1)
        raise DataError(f"the label {twice!r} is there twice; give it once")


def _check_name(what: str, name: str) -> None:
    if not name or name != name.strip():
        problem = "has spaces around it; remove them" if name.strip() else "is empty; give it a name or leave it out"
        raise DataError(f"the {what} {name!r} {problem}")


def _check_stretch(onset_s: float, offset_s: float | None) -> None:
    if not 0 <= onset_s < math.inf:
        raise DataError(f"onset_s={onset_s} is no place in a sound; give seconds from its start, 0 or more")
    if offset_s is not None and not onset_s < offset_s < math.inf:
        raise DataError(f"offset_s={offset_s} is not behind onset_s={onset_s}; give where the stretch ends, in seconds")
