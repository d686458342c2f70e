"""Segment-based evaluation: activity of classes in segments of a second, regardless of event boundaries."""

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
    check_pairs,
    check_same_clips,
)


@dataclass(frozen=True, eq=False)
class SegmentCounts:
    """Counts of segments, and of errors in them.

    Attributes:
        decisions: Numbers of segments, `(classes,)` each; `f1` is per class and `micro()` over all classes.
        n_substitutions: Pairs of a missed and a wrongly detected class in the same segment, over all segments.
        n_deletions: Missed classes outside such pairs.
        n_insertions: Wrongly detected classes outside such pairs.
    """

    decisions: DecisionCounts
    n_substitutions: int
    n_deletions: int
    n_insertions: int

    @property
    def error_rate(self) -> float:
        """Substitutions, deletions and insertions, divided by the active classes of all segments of the ground truth.

        May exceed 1; NaN without active segments.
        """
        n_active = int(self.decisions.support.sum())
        n_errors = self.n_substitutions + self.n_deletions + self.n_insertions
        return n_errors / n_active if n_active else math.nan

    @property
    def class_error_rates(self) -> npt.NDArray[np.float64]:
        """Deletions and insertions divided by active segments, `(classes,)`; NaN without active segments."""
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
    """Compare active and detected classes, segment by segment.

    A class is active in every segment that one of its events touches. Time after the end of a clip does not count; an
    incomplete last segment does.

    Args:
        truth: `(class index, onset_s, offset_s)` of every event of every clip.
        detected: `(class index, onset_s, offset_s)` of every detection of every clip.
        durations_s: Length of every clip in seconds.
        n_classes: Number of classes.
        segment_s: Length of a segment in seconds, > 0.

    Raises:
        ValueError: The numbers of clips differ, an event is invalid, or a length is not positive.

    Source: Mesaros et al. 2016, "Metrics for polyphonic sound event detection" (segment-based; error rate).
        Boundaries are rounded to the microsecond, unlike in sed_eval: 0.6 / 0.1 in floating point is just below 6, but
        an event at 0.6 s starts in the seventh segment of 0.1 s.

    Examples:
        >>> counts = segment_based([[(0, 0.0, 2.0)]], [[(0, 0.9, 1.0), (1, 1.5, 2.5)]], [3.0], n_classes=2)
        >>> counts.decisions.micro().f1, counts.n_substitutions, counts.n_insertions, counts.error_rate
        (0.4, 1, 1, 1.0)
    """
    if not 0 < segment_s < math.inf:
        raise ValueError(f"segment_s={segment_s} must be a positive number of seconds")
    pairs = check_pairs(truth, detected, n_classes)
    lengths_s = check_durations(durations_s, len(truth))
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


def check_durations(durations_s: Sequence[float], n_clips: int) -> Seconds:
    """Check the lengths of clips.

    Raises:
        ValueError: The number of lengths is wrong, or a length is not positive.
    """
    check_same_clips(n_clips, len(durations_s), "durations")
    lengths_s = np.asarray(durations_s, dtype=np.float64)
    is_length = np.isfinite(lengths_s) & (lengths_s > 0)
    if not is_length.all():
        clip = int(np.argmin(is_length))
        raise ValueError(f"clip {clip} lasts {lengths_s[clip]:g} s; every clip must last more than 0 seconds")
    return lengths_s


def _roll(events: EventTable, n_segments: int, n_classes: int, segment_s: float) -> npt.NDArray[np.bool_]:
    """True where a class is active in a segment, `(segments, classes)`."""
    is_active = np.zeros((n_segments, n_classes), dtype=bool)
    first = np.floor(np.round(events.intervals.onsets_s / segment_s, TIME_DECIMALS)).astype(np.intp)
    past_last = np.ceil(np.round(events.intervals.offsets_s / segment_s, TIME_DECIMALS)).astype(np.intp)
    for index, start, stop in zip(events.classes, first, past_last, strict=True):
        is_active[start:stop, index] = True
    return is_active
