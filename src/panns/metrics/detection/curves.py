"""Right and wrong events of a class at every threshold, as steps: counts change at a few scores and nowhere else."""

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
    """By how much counts change when the threshold falls below each level.

    Attributes:
        levels: `(steps,)`, in no order; one may stand several times.
        changes: `(steps, counts)`.
    """

    levels: Levels
    changes: Counts

    @classmethod
    def of_lifetimes(cls, levels: Levels, levels_around: Levels, counted: Counts) -> Steps:
        """Steps of counts over things that are there from one level down to another.

        Args:
            levels: `(things,)`.
            levels_around: `(things,)`; -inf for one that stays.
            counted: `(things, counts)`, what each adds while it is there.
        """
        ends = np.isfinite(levels_around)
        return cls(np.concatenate([levels, levels_around[ends]]), np.concatenate([counted, -counted[ends]]))

    @classmethod
    def joined(cls, parts: Sequence[Steps]) -> Steps:
        """Several in one."""
        return cls(np.concatenate([part.levels for part in parts]), np.concatenate([part.changes for part in parts]))

    def merged(self) -> Steps:
        """One step for each level at which something changes, the highest level first."""
        levels, inverse = np.unique(-self.levels, return_inverse=True)
        changes = np.zeros((len(levels), self.changes.shape[1]), dtype=np.int64)
        np.add.at(changes, inverse, self.changes)
        is_change = changes.any(axis=1)
        return Steps(-levels[is_change], changes[is_change])


@dataclass(frozen=True, eq=False)
class ThresholdCurve:
    """How the detections of one class come out at every threshold, over all clips.

    Attributes:
        thresholds: `(steps,)`, falling, from infinity, where nothing is detected: the counts of a step are those of a
            threshold just below its score, down to the next one.
        true_positives: `(steps,)`, events of the ground truth that are found.
        false_positives: `(steps,)`, detected events that are wrong.
        cross_triggers: `(steps, classes)`, detected events that are wrong and lie on an event of each other class;
            zeros where they are not counted.
        n_events: How many events of the class the ground truth has.
    """

    thresholds: Levels
    true_positives: Counts
    false_positives: Counts
    cross_triggers: Counts
    n_events: int

    @classmethod
    def of_clips(cls, clips: Sequence[Steps], n_events: int) -> ThresholdCurve:
        """Add up clips, whose changes are true positives, false positives, then cross triggers of every class."""
        # Each clip on its own first, so that what cancels inside one leaves no step.
        steps = Steps.joined([clip.merged() for clip in clips])
        levels, inverse = np.unique(-steps.levels, return_inverse=True)
        counts = np.zeros((len(levels) + 1, steps.changes.shape[1]), dtype=np.int64)
        np.add.at(counts, inverse + 1, steps.changes)
        counts = counts.cumsum(axis=0)
        return cls(np.concatenate([[np.inf], -levels]), counts[:, 0], counts[:, 1], counts[:, 2:], n_events)


@dataclass(frozen=True, eq=False)
class BestF1:
    """The thresholds at which the F1 of every class is highest, and what comes out there.

    Attributes:
        thresholds: `(classes,)`; NaN for a class without events in the ground truth.
        counts: Of every class at its threshold; zeros for a class without events.
    """

    thresholds: Levels
    counts: DecisionCounts


def best_f1(curves: Sequence[ThresholdCurve]) -> BestF1:
    """The threshold of every class at which its F1 is highest; an event is where the score is above it.

    Choose them on validation clips: on the clips that they were chosen by, F1 is better than on any others.

    Args:
        curves: One of every class, as from `collar_based_curves` or `intersection_based_curves`.

    Returns:
        Thresholds halfway between the scores that they part (-inf below all of them), so that the small differences of
        another backend change nothing; the highest of equally good ones, infinity where no detection is right.

    Raises:
        ValueError: There is no curve.

    Example:
        >>> found, wrong = np.array([0, 1, 2, 2]), np.array([0, 0, 0, 3])
        >>> curve = ThresholdCurve(np.array([np.inf, 0.9, 0.8, 0.3]), found, wrong, np.zeros((4, 1), int), n_events=2)
        >>> best_f1([curve]).thresholds
        array([0.55])
    """
    if not curves:
        raise ValueError("no curve is given; one of every class is needed")
    thresholds, true, false, missed = zip(*map(_best_of_class, curves), strict=True)
    counts = DecisionCounts(*(np.array(column, dtype=np.int64) for column in (true, false, missed)))
    return BestF1(np.array(thresholds, dtype=np.float64), counts)


def _best_of_class(curve: ThresholdCurve) -> tuple[float, int, int, int]:
    if not curve.n_events:
        return float("nan"), 0, 0, 0
    f1 = 2 * curve.true_positives / (curve.true_positives + curve.false_positives + curve.n_events)
    best = int(f1.argmax())  # the first is the highest threshold
    ends = np.append(curve.thresholds, -np.inf)
    threshold = float((ends[best] + ends[best + 1]) / 2) if best else float("inf")
    n_right = int(curve.true_positives[best])
    return threshold, n_right, int(curve.false_positives[best]), curve.n_events - n_right
