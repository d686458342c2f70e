"""Clips of a data set: a clip with its labels, fold and source, and a list of clips with their folder."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from panns.data.clips.missing_values import is_missing
from panns.errors import DataError


@dataclass(frozen=True, slots=True)
class TimedLabel:
    """A labelled event in a clip.

    Attributes:
        label: Name of the class.
        onset_s: Start of the event, in seconds from the start of the clip.
        offset_s: End of the event, in seconds from the start of the clip.

    Raises:
        DataError: The label is empty, missing, not text or has spaces around it, or the times are negative, not finite
            or not ascending.
    """

    label: str
    onset_s: float
    offset_s: float

    def __post_init__(self) -> None:
        _check_labels((self.label,))
        _check_stretch(self.onset_s, self.offset_s)


@dataclass(frozen=True, slots=True)  # slots save memory: a data set may have two million clips
class Clip:
    """A sound of a data set: a file, or a stretch of one.

    Attributes:
        path: The file, absolute or relative to the folder of the clip list.
        labels: Names of the classes in the clip; empty if it has none or they are unknown.
        fold: Name of the part of the data set, such as "1" or "train"; "" for none.
        source: The recording that the clip was cut from; "" if unknown. Splits keep clips of one source on one side.
        onset_s: Start of the clip in its file, in seconds; None for the start of the file.
        offset_s: End of the clip in its file, in seconds; None for the end of the file.
        events: Labelled events in the clip.
        licence: Licence of the recording.
        attribution: Author to credit, and where the recording was published.

    Raises:
        DataError: The path is empty, a name has spaces around it, a label is empty, missing, repeated or not text, or a
            time is negative, not finite or not before the end of its stretch.
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


@dataclass(frozen=True)
class ClipList:
    """The clips of a data set, and the folder of their files.

    Attributes:
        root: Folder that relative paths start from.
        clips: The clips, in the order of the file that lists them; of class folders, in alphabetical order of class
            and file.
        classes: Names of all class folders, including empty ones; empty if the clips come from a file.
    """

    root: Path
    clips: Sequence[Clip]
    classes: tuple[str, ...] = ()

    def file(self, clip: Clip) -> Path:
        r"""The file of a clip; `~` is the home folder, and `\` separates folders where no file has such a name."""
        path = clip.path
        if path.startswith(("~/", "~\\")):
            path = f"{Path.home()}/{path[2:]}"
        file = self.root / path
        if "\\" in path and not file.exists():
            return self.root / path.replace("\\", "/")
        return file


def _check_labels(labels: Sequence[str]) -> None:
    for label in labels:
        if not label or label != label.strip():
            problem = (
                "has spaces around it; remove them" if label.strip() else "is empty; give it a name or leave it out"
            )
            raise DataError(f"the label {label!r} {problem}")
        if is_missing(label):
            raise DataError(f"the label {label!r} is a missing value; give the class, or an empty cell for no class")
        if not label.isascii() and any("\ud800" <= char <= "\udfff" for char in label):
            raise DataError(f"the label {label!a:.60} is not text; write it again, in UTF-8")
    if len(labels) > 1 and len(set(labels)) < len(labels):
        repeated = next(label for label in labels if labels.count(label) > 1)
        raise DataError(f"the label {repeated!r} is repeated; give it once")


def _check_stretch(onset_s: float, offset_s: float | None) -> None:
    if not 0 <= onset_s < math.inf:
        raise DataError(f"onset_s={onset_s} is out of range; give seconds from the start of the sound, 0 or more")
    if offset_s is not None and not onset_s < offset_s < math.inf:
        raise DataError(f"offset_s={offset_s} is not after onset_s={onset_s}; give the end of the stretch, in seconds")
