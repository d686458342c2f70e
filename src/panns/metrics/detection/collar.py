"""Collar-based (event-based) evaluation: an event is found by a detection with near onset and offset."""

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
    check_pairs,
)
from panns.metrics.detection.matching import count_matches
from panns.metrics.detection.nesting import NestedEvents, find_nested_events
from panns.metrics.detection.scores import FrameScores, check_scored_clips


@dataclass(frozen=True)
class CollarSettings:
    """Tolerances of onsets and offsets.

    Attributes:
        onset_s: Maximum distance of the onsets, in seconds; infinity to ignore onsets.
        offset_s: Maximum distance of the offsets, in seconds; infinity to ignore offsets.
        offset_share: Maximum distance of the offsets as a share of the event's length. The larger of the two limits
            applies.

    Raises:
        ValueError: A tolerance is negative or NaN.
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
    """Count found events, wrong detections and missed events of every class.

    Events and detections of a class are paired one to one, with as many pairs as possible.

    Args:
        truth: `(class index, onset_s, offset_s)` of every event of every clip.
        detected: `(class index, onset_s, offset_s)` of every detection of every clip.
        n_classes: Number of classes.
        settings: Tolerances of onsets and offsets.

    Returns:
        Counts of events, `(classes,)`. `f1` is per class and `micro()` over all classes; `macro(counts.support > 0)`
        averages over the classes with events.

    Raises:
        ValueError: The numbers of clips differ, or an event is invalid.

    Source: Mesaros et al. 2016, "Metrics for polyphonic sound event detection" (event-based).
        Times are compared to the microsecond, like sed_scores_eval and unlike sed_eval: a detection exactly 0.2 s late
        is inside a collar of 0.2 s.

    Examples:
        >>> truth = [[(0, 1.0, 2.0), (1, 4.0, 8.0)], []]
        >>> counts = collar_based(truth, [[(0, 1.1, 2.1), (1, 4.0, 7.3)], [(1, 0.0, 1.0)]], n_classes=2)
        >>> counts.f1.round(3), counts.micro().f1
        (array([1.   , 0.667]), 0.8)
    """
    counts = np.zeros((3, n_classes), dtype=np.int64)
    for true_events, found_events in check_pairs(truth, detected, n_classes):
        for index in np.union1d(true_events.classes, found_events.classes):
            true, found = true_events.select_class(index), found_events.select_class(index)
            n_right = count_matches(_is_hit(found, true, settings))
            counts[:, index] += n_right, len(found) - n_right, len(true) - n_right
    return DecisionCounts(*counts)


def collar_based_curves(
    truth: Sequence[ClipEvents], scores: Sequence[FrameScores], *, settings: CollarSettings = CollarSettings()
) -> tuple[ThresholdCurve, ...]:
    """Collar-based counts at every threshold on frame scores, exactly; see `best_f1` to choose thresholds.

    Args:
        truth: `(class index, onset_s, offset_s)` of every event of every clip.
        scores: The frame scores of every clip.
        settings: Tolerances of onsets and offsets.

    Returns:
        One curve for each class.

    Raises:
        ValueError: The numbers of clips or classes differ, or an event is invalid.

    Source: Ebbers et al. 2022, arXiv:2201.13148.

    Examples:
        >>> clip = FrameScores.from_hop(np.array([[0.1], [0.8], [0.7], [0.2]]), hop_s=0.5)
        >>> (curve,) = collar_based_curves([[(0, 0.5, 1.5)]], [clip])
        >>> [*zip(curve.thresholds.tolist(), curve.true_positives.tolist(), curve.false_positives.tolist())]
        [(inf, 0, 0), (0.8, 0, 1), (0.7, 1, 0), (0.2, 0, 1)]
    """
    n_classes, clips = check_scored_clips(truth, scores)
    curves = []
    for index in range(n_classes):
        true = [events.select_class(index) for events, _ in clips]
        found = [find_nested_events(clip.scores[:, index], clip.edges_s) for _, clip in clips]
        steps = [_steps(*pair, settings) for pair in zip(found, true, strict=True)]
        curves.append(ThresholdCurve.from_clips(steps, sum(map(len, true))))
    return tuple(curves)


def _steps(found: NestedEvents, true: Intervals, settings: CollarSettings) -> Steps:
    """Changes of true positives and false positives in one clip."""
    is_hit = _is_hit(found.intervals, true, settings)
    fits_any = is_hit.any(axis=1)
    hits, levels, levels_around = is_hit[fits_any], found.levels[fits_any], found.levels_around[fits_any]
    changing = np.unique(np.concatenate([levels, levels_around[np.isfinite(levels_around)]]))[::-1]
    n_right = [count_matches(hits[(levels >= level) & (levels_around < level)]) for level in changing]
    gained = np.diff(n_right, prepend=0).astype(np.int64)
    # Every detection counts as wrong when it appears; each one that finds an event then lowers that count by one.
    appearing = np.zeros((len(found.levels), 2), dtype=np.int64)
    appearing[:, 1] = 1
    return Steps.concatenate(
        [
            Steps.from_lifetimes(found.levels, found.levels_around, appearing),
            Steps(changing, np.stack([gained, -gained], axis=1)),
        ]
    )


def _is_hit(found: Intervals, true: Intervals, settings: CollarSettings) -> npt.NDArray[np.bool_]:
    """True where onset and offset are near enough, `(detections, events)`."""
    collars_s = np.maximum(settings.offset_s, settings.offset_share * true.lengths_s)
    too_early_or_late_s = np.abs(found.onsets_s[:, None] - true.onsets_s) - settings.onset_s
    too_short_or_long_s = np.abs(found.offsets_s[:, None] - true.offsets_s) - collars_s
    is_near: npt.NDArray[np.bool_] = np.round(np.maximum(too_early_or_late_s, too_short_or_long_s), TIME_DECIMALS) <= 0
    return is_near
