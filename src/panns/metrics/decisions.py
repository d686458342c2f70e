"""How often decisions are right: accuracy, confusions, and precision, recall and F1 at thresholds.

What would be 0 / 0 (the precision of a class that was never predicted) counts as 0, as by scikit-learn's
`zero_division=0`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from panns.metrics.checks import (
    Classes,
    Scores,
    Targets,
    checked_probs,
    checked_scores,
    checked_targets,
    checked_truth,
)

Counts: TypeAlias = npt.NDArray[np.int64]
PerClass: TypeAlias = npt.NDArray[np.float64]


@dataclass(frozen=True)
class PrecisionRecall:
    """Three numbers for all classes together."""

    precision: float
    recall: float
    f1: float


@dataclass(frozen=True, eq=False)
class DecisionCounts:
    """How decisions on every class came out.

    Attributes:
        true_positives: `(classes,)`, clips that have the class and were said to have it.
        false_positives: Clips that were said to have it and have it not.
        false_negatives: Clips that have it and were not said to.

    Example:
        >>> counts = DecisionCounts.of_labels(np.array([[1, 0], [1, 1]]), np.array([[1, 0], [0, 1]]))
        >>> counts.precision, counts.recall, counts.micro().f1
        (array([0.5, 1. ]), array([1., 1.]), 0.8)
    """

    true_positives: Counts
    false_positives: Counts
    false_negatives: Counts

    @classmethod
    def of_labels(cls, predicted: Targets, targets: Targets) -> DecisionCounts:
        """Of clips that may have several classes; `(clips, classes)` each, 0 or 1.

        Raises:
            ValueError: The shapes differ, or a value is neither 0 nor 1.
        """
        is_there = checked_targets(targets, np.shape(targets))
        is_said = checked_targets(predicted, is_there.shape)
        return cls(*((one & other).sum(axis=0) for one, other in _pairs(is_said, is_there)))

    @classmethod
    def of_classes(cls, predicted: Classes, truth: Classes, n_classes: int) -> DecisionCounts:
        """Of clips that have one class; `(clips,)` each.

        Raises:
            ValueError: The numbers of clips differ, or a class is none of them.
        """
        confusions = confusion_matrix(predicted, truth, n_classes)
        right = confusions.diagonal()
        return cls(right, confusions.sum(axis=0) - right, confusions.sum(axis=1) - right)

    @property
    def support(self) -> Counts:
        """How many clips have each class."""
        return self.true_positives + self.false_negatives

    @property
    def precision(self) -> PerClass:
        """Share of the clips said to have a class that have it."""
        return _share(self.true_positives, self.true_positives + self.false_positives)

    @property
    def recall(self) -> PerClass:
        """Share of the clips with a class that were said to have it."""
        return _share(self.true_positives, self.support)

    @property
    def f1(self) -> PerClass:
        """Harmonic mean of precision and recall."""
        return _share(2 * self.true_positives, 2 * self.true_positives + self.false_positives + self.false_negatives)

    def micro(self) -> PrecisionRecall:
        """Of all decisions on all classes, each counting alike."""
        of_all = DecisionCounts(
            *(counts.sum(keepdims=True) for counts in (self.true_positives, self.false_positives, self.false_negatives))
        )
        return PrecisionRecall(float(of_all.precision[0]), float(of_all.recall[0]), float(of_all.f1[0]))

    def macro(self, is_counted: npt.NDArray[np.bool_] | None = None) -> PrecisionRecall:
        """Means over classes, each counting alike.

        Args:
            is_counted: `(classes,)`, which to count, as those that some clip has; None for all.

        Raises:
            ValueError: None is to be counted.
        """
        chosen = np.ones(len(self.support), dtype=bool) if is_counted is None else is_counted
        if not chosen.any():
            raise ValueError("no class is to be counted; a mean needs at least one")
        means = (values[chosen].mean() for values in (self.precision, self.recall, self.f1))
        return PrecisionRecall(*map(float, means))


def ranks_of_truth(scores: Scores, truth: Classes, order: Classes | None = None) -> Counts:
    """How many classes stand before the true one of every clip: 0 where it scores highest.

    Args:
        scores: `(clips, classes)`.
        truth: `(clips,)`.
        order: `(clips, classes)`, which of two classes of equal scores goes first: that of the lower number, and
            neither where the numbers are equal too. None: that of the lower index, as `argmax` has it.

    Example:
        >>> ranks_of_truth(np.array([[0.1, 0.7, 0.2], [0.5, 0.5, 0.0]]), np.array([2, 1]))
        array([1, 1])
    """
    scores = checked_scores(scores)
    truth = checked_truth(truth, scores.shape)
    order = np.broadcast_to(np.arange(scores.shape[1]) if order is None else order, scores.shape)
    column = truth[:, None]
    own, own_order = np.take_along_axis(scores, column, axis=1), np.take_along_axis(order, column, axis=1)
    is_before = (scores > own) | ((scores == own) & (order < own_order))
    n_before: Counts = is_before.sum(axis=1, dtype=np.int64)
    return n_before


def accuracy(scores: Scores, truth: Classes) -> float:
    """Share of clips whose class scores highest; of equal scores the first class counts.

    Args:
        scores: `(clips, classes)`.
        truth: `(clips,)`.

    Example:
        >>> accuracy(np.array([[0.1, 0.9], [0.8, 0.2]]), np.array([1, 1]))
        0.5
    """
    return top_k_accuracy(scores, truth, 1)


def top_k_accuracy(scores: Scores, truth: Classes, k: int) -> float:
    """Share of clips whose class is among the `k` that score highest; of equal scores the first classes count.

    Raises:
        ValueError: `k` is below 1.
    """
    if k < 1:
        raise ValueError(f"k={k} must be at least 1, the number of classes that may hold the right one")
    return float((ranks_of_truth(scores, truth) < k).mean())


def confusion_matrix(predicted: Classes, truth: Classes, n_classes: int) -> Counts:
    """How many clips of each class were taken for each.

    Args:
        predicted: `(clips,)`.
        truth: `(clips,)`.
        n_classes: How many classes there are.

    Returns:
        `(classes, classes)`: rows the true class, columns the predicted one.

    Example:
        >>> confusion_matrix(np.array([0, 1, 1]), np.array([0, 0, 1]), 2)
        array([[1, 1],
               [0, 1]])
    """
    n_clips = np.size(truth)
    if not n_clips or n_classes < 1:
        raise ValueError(f"{n_clips} clips and {n_classes} classes given; at least one of each is needed")
    truth = checked_truth(truth, (n_clips, n_classes))
    predicted = checked_truth(predicted, (n_clips, n_classes))
    pairs = np.bincount(truth * n_classes + predicted, minlength=n_classes**2)
    return pairs.reshape(n_classes, n_classes).astype(np.int64)


def best_f1_thresholds(probs: Scores, targets: Targets) -> PerClass:
    """The threshold of every class at which its F1 is highest; a class counts as present from there.

    Choose them on validation clips: on the clips that they were chosen by, F1 is better than on any others.

    Args:
        probs: `(clips, classes)`.
        targets: `(clips, classes)`, 0 or 1.

    Returns:
        `(classes,)`, halfway between the scores that it parts (below all, between them and 0), so that the small
        differences of another backend change nothing; the highest of equally good ones. NaN for a class that no clip
        has.

    Example:
        >>> best_f1_thresholds(np.array([[0.9, 0.1], [0.4, 0.2], [0.2, 0.3]]), np.array([[1, 0], [1, 0], [0, 0]]))
        array([0.3, nan])
    """
    probs = checked_probs(probs).astype(np.float64)
    is_there = checked_targets(targets, probs.shape)
    columns = zip(probs.T, is_there.T, strict=True)
    return np.array([_best_threshold(np.sort(of_class), np.sort(of_class[there])) for of_class, there in columns])


def _best_threshold(everything: PerClass, positives: PerClass) -> float:
    """From sorted probabilities. A cut right below a positive is the only one that can be best."""
    if not len(positives):
        return float("nan")
    first = np.searchsorted(everything, positives)  # of those that score as high
    n_right = len(positives) - np.searchsorted(positives, positives)
    f1 = 2 * n_right / (len(everything) - first + len(positives))
    best = len(f1) - 1 - int(f1[::-1].argmax())  # the last is the highest threshold
    below = everything[first[best] - 1] if first[best] else 0.0
    return float((below + positives[best]) / 2)


def _pairs(
    is_said: npt.NDArray[np.bool_], is_there: npt.NDArray[np.bool_]
) -> tuple[tuple[npt.NDArray[np.bool_], npt.NDArray[np.bool_]], ...]:
    """True positives, false positives and false negatives, as two conditions each."""
    return (is_said, is_there), (is_said, ~is_there), (~is_said, is_there)


def _share(part: Counts, whole: Counts) -> PerClass:
    return np.divide(part, whole, out=np.zeros(len(whole)), where=whole > 0)
