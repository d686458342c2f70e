"""Collar-based (event-based) evaluation: an event is found if a detection starts and ends near where it does."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from panns.metrics.decisions import DecisionCounts
from panns.metrics.detection.curves import Steps, ThresholdCurve
from panns.metrics.detection.events import (
    TIME_DECIMALS,
    ClipEvents,
    Intervals,
    checked_pairs,
)
from panns.metrics.detection.matching import n_matched
from panns.metrics.detection.nesting import NestedEvents, nested_events
from panns.metrics.detection.scores import FrameScores, checked_scored_clips


@dataclass(frozen=True)
class CollarSettings:
    """How far a detection may be off.

    Attributes:
        onset_s: Largest distance between the onsets, in seconds; infinite where onsets do not matter, and so with
            offsets.
        offset_s: Largest distance between the offsets, in seconds, of a short event.
        offset_share: Of a long one, as a share of its length; the larger of the two holds.

    Raises:
        ValueError: One is negative or no number.
    """

    onset_s: float = 0.2
    offset_s: float = 0.2
    offset_share: float = 0.2

    def __post_init__(self) -> None:
        for name in ("onset_s", "offset_s", "offset_share"):
            if not getattr(self, name) >= 0:
                raise ValueError(f"{name}={getattr(self, name)} must be 0 or more")


def collar_based(
    truth: Sequence[ClipEvents],
    detected: Sequence[ClipEvents],
    *,
    n_classes: int,
    settings: CollarSettings = CollarSettings(),
) -> DecisionCounts:
    """Events that are found, detections that are wrong and events that are missed, of every class.

    Events and detections of a class are paired one to one, as many as can be.

    Args:
        truth: `(class index, onset_s, offset_s)` of every event of every clip.
        detected: The same of what was detected.
        n_classes: How many classes there are.
        settings: How far a detection may be off.

    Returns:
        Counts `(classes,)` of events. `f1` of them is per class and `micro()` over all; for a macro average over the
        classes that have events, call `macro(counts.support > 0)`.

    Raises:
        ValueError: The clips are not the same, or an event is none.

    Source: Mesaros et al. 2016, "Metrics for polyphonic sound event detection" (event-based).
        Times are compared to the microsecond, as sed_scores_eval does and sed_eval does not: a detection just 0.2 s
        late is inside a collar of 0.2 s.

    Example:
        >>> truth = [[(0, 1.0, 2.0), (1, 4.0, 8.0)], []]
        >>> counts = collar_based(truth, [[(0, 1.1, 2.1), (1, 4.0, 7.3)], [(1, 0.0, 1.0)]], n_classes=2)
        >>> counts.f1.round(3), counts.micro().f1
        (array([1.   , 0.667]), 0.8)
    """
    counts = np.zeros((3, n_classes), dtype=np.int64)
    for true_events, found_events in checked_pairs(truth, detected, n_classes):
        for index in np.union1d(true_events.classes, found_events.classes):
            true, found = true_events.of_class(index), found_events.of_class(index)
            n_right = n_matched(_is_hit(found, true, settings))
            counts[:, index] += n_right, len(found) - n_right, len(true) - n_right
    return DecisionCounts(*counts)


def collar_based_curves(
    truth: Sequence[ClipEvents], scores: Sequence[FrameScores], *, settings: CollarSettings = CollarSettings()
) -> tuple[ThresholdCurve, ...]:
    """The same counts at every threshold on frame scores, exactly; `best_f1` of them chooses thresholds.

    Args:
        truth: `(class index, onset_s, offset_s)` of every event of every clip.
        scores: The frame scores of every clip.
        settings: How far a detection may be off.

    Returns:
        One curve for each class.

    Raises:
        ValueError: The clips are not the same, have different classes, or an event is none.

    Source: Ebbers et al. 2022, arXiv:2201.13148.

    Example:
        >>> clip = FrameScores.of_hop(np.array([[0.1], [0.8], [0.7], [0.2]]), hop_s=0.5)
        >>> (curve,) = collar_based_curves([[(0, 0.5, 1.5)]], [clip])
        >>> [*zip(curve.thresholds.tolist(), curve.true_positives.tolist(), curve.false_positives.tolist())]
        [(inf, 0, 0), (0.8, 0, 1), (0.7, 1, 0), (0.2, 0, 1)]
    """
    n_classes, clips = checked_scored_clips(truth, scores)
    curves = []
    for index in range(n_classes):
        true = [events.of_class(index) for events, _ in clips]
        found = [nested_events(clip.scores[:, index], clip.edges_s) for _, clip in clips]
        steps = [_steps(*pair, settings) for pair in zip(found, true, strict=True)]
        curves.append(ThresholdCurve.of_clips(steps, sum(map(len, true))))
    return tuple(curves)


def _steps(found: NestedEvents, true: Intervals, settings: CollarSettings) -> Steps:
    """Changes of true positives and false positives in one clip."""
    is_hit = _is_hit(found.intervals, true, settings)
    fits_any = is_hit.any(axis=1)
    hits, levels, levels_around = is_hit[fits_any], found.levels[fits_any], found.levels_around[fits_any]
    changing = np.unique(np.concatenate([levels, levels_around[np.isfinite(levels_around)]]))[::-1]
    n_right = [n_matched(hits[(levels >= level) & (levels_around < level)]) for level in changing]
    gained = np.diff(n_right, prepend=0).astype(np.int64)
    # Every detection counts as wrong when it comes, and one fewer for each that finds an event.
    everything = np.zeros((len(found.levels), 2), dtype=np.int64)
    everything[:, 1] = 1
    return Steps.joined(
        [
            Steps.of_lifetimes(found.levels, found.levels_around, everything),
            Steps(changing, np.stack([gained, -gained], axis=1)),
        ]
    )


def _is_hit(found: Intervals, true: Intervals, settings: CollarSettings) -> npt.NDArray[np.bool_]:
    """`(detections, events)`: whether onset and offset are near enough."""
    collars_s = np.maximum(settings.offset_s, settings.offset_share * true.lengths_s)
    too_early_or_late_s = np.abs(found.onsets_s[:, None] - true.onsets_s) - settings.onset_s
    too_short_or_long_s = np.abs(found.offsets_s[:, None] - true.offsets_s) - collars_s
    is_near: npt.NDArray[np.bool_] = np.round(np.maximum(too_early_or_late_s, too_short_or_long_s), TIME_DECIMALS) <= 0
    return is_near
