"""Counts of right and wrong events as a function of the threshold, stored as the few scores where they change."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from panns.metrics.decisions import DecisionCounts

Levels = npt.NDArray[np.float64]
Counts = npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Steps:
    """Changes of counts when the threshold falls below each level.

    Attributes:
        levels: `(steps,)`, unsorted, with duplicates.
        changes: `(steps, counts)`.
    """

    levels: Levels
    changes: Counts

    @classmethod
    def from_lifetimes(cls, levels: Levels, levels_around: Levels, counted: Counts) -> Steps:
        """Steps of counts over events that each exist between two levels.

        Args:
            levels: `(events,)`, level below which an event appears.
            levels_around: `(events,)`, level below which it disappears; -inf for never.
            counted: `(events, counts)`, contribution of an event while it exists.
        """
        ends = np.isfinite(levels_around)
        return cls(np.concatenate([levels, levels_around[ends]]), np.concatenate([counted, -counted[ends]]))

    @classmethod
    def concatenate(cls, parts: Sequence[Steps]) -> Steps:
        """Steps of all parts."""
        return cls(np.concatenate([part.levels for part in parts]), np.concatenate([part.changes for part in parts]))

    def merge(self) -> Steps:
        """Merge steps of equal level and drop those without a change; the highest level first."""
        levels, inverse = np.unique(-self.levels, return_inverse=True)
        changes = np.zeros((len(levels), self.changes.shape[1]), dtype=np.int64)
        np.add.at(changes, inverse, self.changes)
        is_change = changes.any(axis=1)
        return Steps(-levels[is_change], changes[is_change])


@dataclass(frozen=True, eq=False)
class ThresholdCurve:
    """Counts of one class at every threshold, over all clips.

    Attributes:
        thresholds: `(steps,)`, falling from infinity, where nothing is detected. The counts of a step hold for
            thresholds below its score, down to the score of the next step.
        true_positives: `(steps,)`, found events.
        false_positives: `(steps,)`, wrong detections.
        cross_triggers: `(steps, classes)`, wrong detections on an event of each other class; zeros if not counted.
        n_events: Number of events of the class in the ground truth.
    """

    thresholds: Levels
    true_positives: Counts
    false_positives: Counts
    cross_triggers: Counts
    n_events: int

    @classmethod
    def from_clips(cls, clips: Sequence[Steps], n_events: int) -> ThresholdCurve:
        """Sum over clips. Changes have the columns true positives, false positives, cross triggers of every class."""
        # Merge each clip first, so that changes that cancel within a clip leave no step.
        steps = Steps.concatenate([clip.merge() for clip in clips])
        levels, inverse = np.unique(-steps.levels, return_inverse=True)
        counts = np.zeros((len(levels) + 1, steps.changes.shape[1]), dtype=np.int64)
        np.add.at(counts, inverse + 1, steps.changes)
        counts = counts.cumsum(axis=0)
        return cls(np.concatenate([[np.inf], -levels]), counts[:, 0], counts[:, 1], counts[:, 2:], n_events)


@dataclass(frozen=True, eq=False)
class BestF1:
    """Thresholds with the highest F1 of every class, and the counts at these thresholds.

    Attributes:
        thresholds: `(classes,)`; NaN for a class without events in the ground truth.
        counts: Counts of every class at its threshold; zeros for a class without events.
    """

    thresholds: Levels
    counts: DecisionCounts


def best_f1(curves: Sequence[ThresholdCurve]) -> BestF1:
    """Threshold of every class with the highest F1; an event is a run of frames with scores above it.

    Choose thresholds on validation clips: F1 on the clips that chose them is too good.

    Args:
        curves: One curve for each class, from `collar_based_curves` or `intersection_based_curves`.

    Returns:
        Thresholds halfway between two neighbouring scores (-inf below all scores), so that the small differences of
        another backend change nothing; the highest of equally good thresholds, and infinity if every detection is
        wrong.

    Raises:
        ValueError: There are no curves.

    Examples:
        >>> found, wrong = np.array([0, 1, 2, 2]), np.array([0, 0, 0, 3])
        >>> curve = ThresholdCurve(np.array([np.inf, 0.9, 0.8, 0.3]), found, wrong, np.zeros((4, 1), int), n_events=2)
        >>> best_f1([curve]).thresholds
        array([0.55])
    """
    if not curves:
        raise ValueError("0 curves given; one for each class is needed")
    thresholds, true, false, missed = zip(*map(_best_of_class, curves), strict=True)
    counts = DecisionCounts(*(np.array(column, dtype=np.int64) for column in (true, false, missed)))
    return BestF1(np.array(thresholds, dtype=np.float64), counts)


def _best_of_class(curve: ThresholdCurve) -> tuple[float, int, int, int]:
    if not curve.n_events:
        return float("nan"), 0, 0, 0
    f1 = 2 * curve.true_positives / (curve.true_positives + curve.false_positives + curve.n_events)
    best = int(f1.argmax())  # the first maximum is the highest threshold
    ends = np.append(curve.thresholds, -np.inf)
    threshold = float((ends[best] + ends[best + 1]) / 2) if best else float("inf")
    n_right = int(curve.true_positives[best])
    return threshold, n_right, int(curve.false_positives[best]), curve.n_events - n_right
