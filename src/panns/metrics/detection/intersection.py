"""Intersection-based evaluation: an event is found if detections of its class cover enough of it.

A collar compares the boundaries that an annotator set. Intersection compares overlap, so two detections of one event,
or one detection of two events, can still be right.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from panns.metrics.decisions import DecisionCounts
from panns.metrics.detection.curves import Counts, Steps, ThresholdCurve
from panns.metrics.detection.events import (
    TIME_DECIMALS,
    ClipEvents,
    EventTable,
    Intervals,
    Seconds,
    check_pairs,
)
from panns.metrics.detection.nesting import NestedEvents, find_nested_events
from panns.metrics.detection.scores import FrameScores, check_scored_clips


@dataclass(frozen=True)
class IntersectionSettings:
    """Minimum overlaps, as shares above 0 and up to 1.

    Attributes:
        dtc: Detection tolerance criterion: minimum share of a detection on events of its class. A detection below it
            is a false positive.
        gtc: Ground truth intersection criterion: minimum share of an event that valid detections cover. An event
            below it is missed.
        cttc: Cross-trigger tolerance criterion: minimum share of a false positive on events of another class for a
            cross trigger; None to count none.

    Raises:
        ValueError: A share is out of range.
    """

    dtc: float = 0.5
    gtc: float = 0.5
    cttc: float | None = None

    def __post_init__(self) -> None:
        for name in ("dtc", "gtc", "cttc"):
            share = getattr(self, name)
            if share is not None and not 0 < share <= 1:
                raise ValueError(f"{name}={share} is out of range; use a share above 0 and up to 1")


@dataclass(frozen=True, eq=False)
class IntersectionCounts:
    """Counts of events and detections.

    Attributes:
        decisions: Found events, wrong detections and missed events, `(classes,)` each.
        cross_triggers: `(classes, classes)`, wrong detections of each class (row) on events of each other class
            (column); zeros if not counted.
    """

    decisions: DecisionCounts
    cross_triggers: Counts


def intersection_based(
    truth: Sequence[ClipEvents],
    detected: Sequence[ClipEvents],
    *,
    n_classes: int,
    settings: IntersectionSettings = IntersectionSettings(),
) -> IntersectionCounts:
    """Count found events, wrong detections, missed events and cross triggers.

    Args:
        truth: `(class index, onset_s, offset_s)` of every event of every clip.
        detected: `(class index, onset_s, offset_s)` of every detection of every clip.
        n_classes: Number of classes.
        settings: Minimum overlaps.

    Returns:
        Counts. `decisions.f1` is per class and `decisions.micro()` over all classes;
        `decisions.macro(decisions.support > 0)` averages over the classes with events.

    Raises:
        ValueError: The numbers of clips differ, or an event is invalid.

    Source: Bilen et al. 2020, arXiv:1910.08440 (the criteria DTC, GTC and CTTC).

    Examples:
        >>> truth = [[(0, 1.0, 3.0), (1, 5.0, 6.0)]]
        >>> counts = intersection_based(truth, [[(0, 1.0, 1.9), (0, 2.0, 3.0), (0, 5.0, 6.0)]], n_classes=2,
        ...                             settings=IntersectionSettings(dtc=0.7, gtc=0.7, cttc=0.3))
        >>> counts.decisions.f1.round(3), counts.cross_triggers
        (array([0.667, 0.   ]), array([[0, 1],
               [0, 0]]))
    """
    counts = np.zeros((3, n_classes), dtype=np.int64)
    cross_triggers = np.zeros((n_classes, n_classes), dtype=np.int64)
    for true_events, found_events in check_pairs(truth, detected, n_classes):
        for index in np.union1d(true_events.classes, found_events.classes):
            true, found = true_events.select_class(index), found_events.select_class(index)
            overlaps_s = _overlaps_s(found, true)
            is_relevant = _is_share(overlaps_s.sum(axis=1), settings.dtc, found.lengths_s)
            n_right = int(_is_share(overlaps_s[is_relevant].sum(axis=0), settings.gtc, true.lengths_s).sum())
            counts[:, index] += n_right, int((~is_relevant).sum()), len(true) - n_right
            cross_triggers[index] += _triggered(found, ~is_relevant, true_events, index, n_classes, settings).sum(
                axis=0
            )
    return IntersectionCounts(DecisionCounts(*counts), cross_triggers)


def intersection_based_curves(
    truth: Sequence[ClipEvents],
    scores: Sequence[FrameScores],
    *,
    settings: IntersectionSettings = IntersectionSettings(),
) -> tuple[ThresholdCurve, ...]:
    """Intersection-based counts at every threshold on frame scores, exactly; see `best_f1` to choose thresholds.

    Args:
        truth: `(class index, onset_s, offset_s)` of every event of every clip.
        scores: The frame scores of every clip.
        settings: Minimum overlaps.

    Returns:
        One curve for each class.

    Raises:
        ValueError: The numbers of clips or classes differ, or an event is invalid.

    Source: Ebbers et al. 2022, arXiv:2201.13148.

    Examples:
        >>> clip = FrameScores.from_hop(np.array([[0.1], [0.8], [0.3], [0.7]]), hop_s=0.5)
        >>> (curve,) = intersection_based_curves([[(0, 0.5, 2.0)]], [clip])
        >>> [*zip(curve.thresholds.tolist(), curve.true_positives.tolist(), curve.false_positives.tolist())]
        [(inf, 0, 0), (0.7, 1, 0)]
    """
    n_classes, clips = check_scored_clips(truth, scores)
    curves = []
    for index in range(n_classes):
        found = [find_nested_events(clip.scores[:, index], clip.edges_s) for _, clip in clips]
        steps = [_steps(one, events, index, n_classes, settings) for one, (events, _) in zip(found, clips, strict=True)]
        n_events = sum(int((events.classes == index).sum()) for events, _ in clips)
        curves.append(ThresholdCurve.from_clips(steps, n_events))
    return tuple(curves)


def _steps(
    found: NestedEvents, true_events: EventTable, index: int, n_classes: int, settings: IntersectionSettings
) -> Steps:
    """Changes of true positives, false positives and cross triggers in one clip."""
    true = true_events.select_class(index)
    overlaps_s = _overlaps_s(found.intervals, true)
    is_relevant = _is_share(overlaps_s.sum(axis=1), settings.dtc, found.intervals.lengths_s)
    counted = np.zeros((len(is_relevant), 2 + n_classes), dtype=np.int64)
    counted[:, 1] = ~is_relevant
    counted[:, 2:] = _triggered(found.intervals, ~is_relevant, true_events, index, n_classes, settings)
    parts = [Steps.from_lifetimes(found.levels, found.levels_around, counted)]
    for column, length_s in zip(overlaps_s.T, true.lengths_s, strict=True):
        covers = is_relevant & (column > 0)
        levels, gained = _covered(column[covers], found.levels[covers], found.levels_around[covers], length_s, settings)
        changes = np.zeros((len(levels), 2 + n_classes), dtype=np.int64)
        changes[:, 0] = gained
        parts.append(Steps(levels, changes))
    return Steps.concatenate(parts)


def _covered(
    overlaps_s: Seconds, levels: Seconds, levels_around: Seconds, length_s: float, settings: IntersectionSettings
) -> tuple[Seconds, Counts]:
    """Levels where an event becomes found (+1), or is lost as detections merge into a wrong one (-1)."""
    ends = np.isfinite(levels_around)
    negative, inverse = np.unique(-np.concatenate([levels, levels_around[ends]]), return_inverse=True)
    gained_s = np.zeros(len(negative))
    np.add.at(gained_s, inverse, np.concatenate([overlaps_s, -overlaps_s[ends]]))
    is_found = _is_share(gained_s.cumsum(), settings.gtc, np.full(len(negative), length_s))
    was_found = np.zeros(len(is_found) + 1, dtype=np.int64)
    was_found[1:] = is_found
    return -negative, np.diff(was_found)


def _triggered(
    found: Intervals,
    is_wrong: npt.NDArray[np.bool_],
    true_events: EventTable,
    index: int,
    n_classes: int,
    settings: IntersectionSettings,
) -> Counts:
    """Cross triggers, `(detections, classes)`: 1 for a wrong detection on events of that other class."""
    triggered = np.zeros((len(found), n_classes), dtype=np.int64)
    if settings.cttc is not None:
        for other in np.setdiff1d(true_events.classes, [index]):
            overlap_s = _overlaps_s(found, true_events.select_class(other)).sum(axis=1)
            triggered[:, other] = is_wrong & _is_share(overlap_s, settings.cttc, found.lengths_s)
    return triggered


def _overlaps_s(found: Intervals, true: Intervals) -> Seconds:
    """Overlaps in seconds, `(detections, events)`."""
    last_onset_s = np.maximum(found.onsets_s[:, None], true.onsets_s)
    first_offset_s = np.minimum(found.offsets_s[:, None], true.offsets_s)
    overlaps_s: Seconds = np.maximum(first_offset_s - last_onset_s, 0.0)
    return overlaps_s


def _is_share(part_s: Seconds, share: float, whole_s: Seconds) -> npt.NDArray[np.bool_]:
    is_enough: npt.NDArray[np.bool_] = np.round(part_s, TIME_DECIMALS) >= np.round(share * whole_s, TIME_DECIMALS)
    return is_enough
