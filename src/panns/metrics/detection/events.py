"""The events of a clip as arrays, checked once where they enter."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

import numpy as np
import numpy.typing as npt

Seconds: TypeAlias = npt.NDArray[np.float64]
ClipEvents: TypeAlias = Sequence[tuple[int, float, float]]

# Times are compared to the microsecond: 0.8 - 0.6 is more than 0.2 in floating point, and less than one sample of
# any sound is no difference. The field's libraries round the same way.
TIME_DECIMALS: Final = 6


@dataclass(frozen=True, eq=False)
class Intervals:
    """Stretches of time; `(events,)` each, in seconds."""

    onsets_s: Seconds
    offsets_s: Seconds

    def __len__(self) -> int:
        return len(self.onsets_s)

    @property
    def lengths_s(self) -> Seconds:
        """`(events,)`."""
        return self.offsets_s - self.onsets_s


@dataclass(frozen=True, eq=False)
class EventTable:
    """The events of one clip, of all classes."""

    classes: npt.NDArray[np.intp]
    intervals: Intervals

    def of_class(self, index: int) -> Intervals:
        """The events of one class."""
        is_it = self.classes == index
        return Intervals(self.intervals.onsets_s[is_it], self.intervals.offsets_s[is_it])


def checked_events(clips: Sequence[ClipEvents], n_classes: int, *, what: str) -> list[EventTable]:
    """The events of every clip as arrays.

    Args:
        clips: `(class index, onset_s, offset_s)` of every event of every clip.
        n_classes: How many classes there are.
        what: What these events are, for the error message.

    Raises:
        ValueError: There is no class, or an event is no such triple, of no such class, or does not end after it starts.
    """
    if n_classes < 1:
        raise ValueError(f"n_classes={n_classes} must be at least 1")
    return [_table(events, n_classes, f"{what} of clip {clip}") for clip, events in enumerate(clips)]


def checked_pairs(
    truth: Sequence[ClipEvents], detected: Sequence[ClipEvents], n_classes: int
) -> list[tuple[EventTable, EventTable]]:
    """Ground truth and detected events of every clip.

    Raises:
        ValueError: They are not of the same number of clips, or `checked_events` refuses one.
    """
    check_same_clips(len(truth), len(detected), "detected events")
    return list(
        zip(
            checked_events(truth, n_classes, what="the ground truth"),
            checked_events(detected, n_classes, what="the detected events"),
            strict=True,
        )
    )


def check_same_clips(n_truth: int, n_given: int, what: str) -> None:
    """Refuse two sequences that cannot be of the same clips.

    Raises:
        ValueError: There is no clip, or the numbers differ.
    """
    if not n_truth or n_truth != n_given:
        raise ValueError(
            f"ground truth of {n_truth} clips and {what} of {n_given} are given; both must be of the same clips, at "
            "least one (an empty list stands for a clip without events)"
        )


def _table(events: ClipEvents, n_classes: int, what: str) -> EventTable:
    try:
        rows = np.array(events, dtype=np.float64).reshape(len(events), 3)
    except (TypeError, ValueError) as exc:
        raise ValueError(
            f"{what} must be (class index, onset_s, offset_s) for every event, all of them numbers"
        ) from exc
    classes, onsets_s, offsets_s = rows.T
    is_class = (classes >= 0) & (classes < n_classes) & (classes == np.floor(classes))
    if not is_class.all():
        raise ValueError(
            f"{what} has an event of class {classes[~is_class][0]:g}; with {n_classes} classes it must be a whole "
            f"number from 0 to {n_classes - 1}"
        )
    is_time = np.isfinite(offsets_s) & (onsets_s >= 0) & (onsets_s < offsets_s)
    if not is_time.all():
        wrong = int(np.argmin(is_time))
        raise ValueError(
            f"{what} has an event from {onsets_s[wrong]:g} s to {offsets_s[wrong]:g} s; an event starts at 0 s or "
            "later and ends after it starts"
        )
    return EventTable(classes.astype(np.intp), Intervals(onsets_s, offsets_s))
