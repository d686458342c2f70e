"""Events of a clip as arrays, checked once on entry."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

import numpy as np
import numpy.typing as npt

Seconds: TypeAlias = npt.NDArray[np.float64]
ClipEvents: TypeAlias = Sequence[tuple[int, float, float]]

# Times are compared to the microsecond, less than one sample: 0.8 - 0.6 is more than 0.2 in floating point. Other
# libraries of the field round likewise.
TIME_DECIMALS: Final = 6


@dataclass(frozen=True, eq=False)
class Intervals:
    """Time intervals in seconds; both arrays are `(events,)`."""

    onsets_s: Seconds
    offsets_s: Seconds

    def __len__(self) -> int:
        return len(self.onsets_s)

    @property
    def lengths_s(self) -> Seconds:
        """Lengths in seconds, `(events,)`."""
        return self.offsets_s - self.onsets_s


@dataclass(frozen=True, eq=False)
class EventTable:
    """Events of one clip, of all classes."""

    classes: npt.NDArray[np.intp]
    intervals: Intervals

    def select_class(self, index: int) -> Intervals:
        """Intervals of one class."""
        is_selected = self.classes == index
        return Intervals(self.intervals.onsets_s[is_selected], self.intervals.offsets_s[is_selected])


def check_events(clips: Sequence[ClipEvents], n_classes: int, *, what: str) -> list[EventTable]:
    """Check events and convert them to arrays, one table for each clip.

    Args:
        clips: `(class index, onset_s, offset_s)` of every event of every clip.
        n_classes: Number of classes.
        what: Name of these events in error messages.

    Raises:
        ValueError: `n_classes` is below 1, or an event is not such a triple, has an unknown class, or ends before it
            starts.
    """
    if n_classes < 1:
        raise ValueError(f"n_classes={n_classes} must be at least 1")
    return [_table(events, n_classes, f"{what} of clip {clip}") for clip, events in enumerate(clips)]


def check_pairs(
    truth: Sequence[ClipEvents], detected: Sequence[ClipEvents], n_classes: int
) -> list[tuple[EventTable, EventTable]]:
    """Check ground truth and detections, and pair them by clip.

    Raises:
        ValueError: The numbers of clips differ, or `check_events` refuses an event.
    """
    check_same_clips(len(truth), len(detected), "detected events")
    return list(
        zip(
            check_events(truth, n_classes, what="the ground truth"),
            check_events(detected, n_classes, what="the detected events"),
            strict=True,
        )
    )


def check_same_clips(n_truth: int, n_given: int, what: str) -> None:
    """Check that two sequences have one entry for each clip.

    Raises:
        ValueError: There are no clips, or the numbers differ.
    """
    if not n_truth or n_truth != n_given:
        raise ValueError(
            f"ground truth of {n_truth} clips and {what} of {n_given} clips given; give both for the same clips, at "
            "least one (an empty list is a clip without events)"
        )


def _table(events: ClipEvents, n_classes: int, what: str) -> EventTable:
    try:
        rows = np.array(events, dtype=np.float64).reshape(len(events), 3)
    except (TypeError, ValueError) as exc:
        raise ValueError(f"{what} must be numbers (class index, onset_s, offset_s) for every event") from exc
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
