"""Segment-based evaluation: which classes sound in each second, whatever the borders of the events in it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from panns.metrics.decisions import DecisionCounts
from panns.metrics.detection.events import (
    TIME_DECIMALS,
    ClipEvents,
    EventTable,
    Seconds,
    check_same_clips,
    checked_pairs,
)


@dataclass(frozen=True, eq=False)
class SegmentCounts:
    """How the activity of classes in segments came out.

    Attributes:
        decisions: `(classes,)` each, in segments; `f1` is per class and `micro()` over all.
        n_substitutions: Classes that were taken for another one, over all segments: of a segment's missed and wrongly
            detected ones, as many as there are of both.
        n_deletions: Missed ones beyond those.
        n_insertions: Wrongly detected ones beyond those.
    """

    decisions: DecisionCounts
    n_substitutions: int
    n_deletions: int
    n_insertions: int

    @property
    def error_rate(self) -> float:
        """Substitutions, deletions and insertions for each active class and segment of the ground truth.

        It may exceed 1; NaN where nothing sounds.
        """
        n_active = int(self.decisions.support.sum())
        n_errors = self.n_substitutions + self.n_deletions + self.n_insertions
        return n_errors / n_active if n_active else math.nan

    @property
    def class_error_rates(self) -> npt.NDArray[np.float64]:
        """`(classes,)`, deletions and insertions alone for each active segment; NaN for a class that never sounds."""
        support = self.decisions.support
        n_errors = self.decisions.false_positives + self.decisions.false_negatives
        rates = np.full(len(support), np.nan)
        np.divide(n_errors, support, out=rates, where=support > 0)
        return rates


def segment_based(
    truth: Sequence[ClipEvents],
    detected: Sequence[ClipEvents],
    durations_s: Sequence[float],
    *,
    n_classes: int,
    segment_s: float = 1.0,
) -> SegmentCounts:
    """Compare, segment by segment, which classes sound and which were detected.

    A class is active in every segment that an event of it touches. What lies beyond the end of a clip does not count;
    a last segment that the clip does not fill does.

    Args:
        truth: `(class index, onset_s, offset_s)` of every event of every clip.
        detected: The same of what was detected.
        durations_s: Length of every clip.
        n_classes: How many classes there are.
        segment_s: Length of a segment in seconds, > 0.

    Raises:
        ValueError: The clips are not the same, an event is none, or a length is not positive.

    Source: Mesaros et al. 2016, "Metrics for polyphonic sound event detection" (segment-based; error rate).
        Borders are taken to the microsecond, which sed_eval does not: with segments of 0.1 s an event that starts at
        0.6 s starts the seventh segment there, where 0.6 / 0.1 in floating point is just below 6.

    Example:
        >>> counts = segment_based([[(0, 0.0, 2.0)]], [[(0, 0.9, 1.0), (1, 1.5, 2.5)]], [3.0], n_classes=2)
        >>> counts.decisions.micro().f1, counts.n_substitutions, counts.n_insertions, counts.error_rate
        (0.4, 1, 1, 1.0)
    """
    if not 0 < segment_s < math.inf:
        raise ValueError(f"segment_s={segment_s} must be more than 0 seconds")
    pairs = checked_pairs(truth, detected, n_classes)
    lengths_s = checked_durations(durations_s, len(truth))
    decisions = np.zeros((3, n_classes), dtype=np.int64)
    errors = np.zeros(3, dtype=np.int64)
    for (true_events, found_events), length_s in zip(pairs, lengths_s, strict=True):
        n_segments = math.ceil(round(length_s / segment_s, TIME_DECIMALS))
        is_true, is_found = (_roll(events, n_segments, n_classes, segment_s) for events in (true_events, found_events))
        decisions += [(is_true & is_found).sum(0), (~is_true & is_found).sum(0), (is_true & ~is_found).sum(0)]
        n_missed, n_wrong = (is_true & ~is_found).sum(axis=1), (~is_true & is_found).sum(axis=1)
        n_swapped = np.minimum(n_missed, n_wrong)
        errors += [n_swapped.sum(), (n_missed - n_swapped).sum(), (n_wrong - n_swapped).sum()]
    return SegmentCounts(DecisionCounts(*decisions), *map(int, errors))


def checked_durations(durations_s: Sequence[float], n_clips: int) -> Seconds:
    """The length of every clip.

    Raises:
        ValueError: There is not one for each, or one is not positive.
    """
    check_same_clips(n_clips, len(durations_s), "durations")
    lengths_s = np.asarray(durations_s, dtype=np.float64)
    is_length = np.isfinite(lengths_s) & (lengths_s > 0)
    if not is_length.all():
        clip = int(np.argmin(is_length))
        raise ValueError(f"clip {clip} lasts {lengths_s[clip]:g} s; every clip must last more than 0 seconds")
    return lengths_s


def _roll(events: EventTable, n_segments: int, n_classes: int, segment_s: float) -> npt.NDArray[np.bool_]:
    """`(segments, classes)`: which class is active in which segment."""
    is_active = np.zeros((n_segments, n_classes), dtype=bool)
    first = np.floor(np.round(events.intervals.onsets_s / segment_s, TIME_DECIMALS)).astype(np.intp)
    past_last = np.ceil(np.round(events.intervals.offsets_s / segment_s, TIME_DECIMALS)).astype(np.intp)
    for index, start, stop in zip(events.classes, first, past_last, strict=True):
        is_active[start:stop, index] = True
    return is_active
