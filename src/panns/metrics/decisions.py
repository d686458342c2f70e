"""Measures of decisions: accuracy, confusion matrix, and precision, recall and F1 at thresholds.

0 / 0, such as the precision of a class that was never predicted, counts as 0, like scikit-learn's `zero_division=0`.
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
    """Precision, recall and F1 over all classes."""

    precision: float
    recall: float
    f1: float


@dataclass(frozen=True, eq=False)
class DecisionCounts:
    """True positives, false positives and false negatives of every class.

    Attributes:
        true_positives: `(classes,)`, clips of the class that were predicted.
        false_positives: `(classes,)`, other clips that were predicted.
        false_negatives: `(classes,)`, clips of the class that were missed.

    Examples:
        >>> counts = DecisionCounts.from_labels(np.array([[1, 0], [1, 1]]), np.array([[1, 0], [0, 1]]))
        >>> counts.precision, counts.recall, counts.micro().f1
        (array([0.5, 1. ]), array([1., 1.]), 0.8)
    """

    true_positives: Counts
    false_positives: Counts
    false_negatives: Counts

    @classmethod
    def from_labels(cls, predicted: Targets, targets: Targets) -> DecisionCounts:
        """Count the decisions of multi-label clips; both arrays are `(clips, classes)` of 0 and 1.

        Raises:
            ValueError: The shapes differ, or a value is neither 0 nor 1.
        """
        is_there = checked_targets(targets, np.shape(targets))
        is_predicted = checked_targets(predicted, is_there.shape)
        return cls(*((one & other).sum(axis=0) for one, other in _pairs(is_predicted, is_there)))

    @classmethod
    def from_classes(cls, predicted: Classes, truth: Classes, n_classes: int) -> DecisionCounts:
        """Count the decisions of single-label clips; both arrays are `(clips,)` of class indices.

        Raises:
            ValueError: The numbers of clips differ, or a class index is out of range.
        """
        confusions = confusion_matrix(predicted, truth, n_classes)
        right = confusions.diagonal()
        return cls(right, confusions.sum(axis=0) - right, confusions.sum(axis=1) - right)

    @property
    def support(self) -> Counts:
        """Number of clips of each class."""
        return self.true_positives + self.false_negatives

    @property
    def precision(self) -> PerClass:
        """Share of the predicted clips that are right."""
        return _share(self.true_positives, self.true_positives + self.false_positives)

    @property
    def recall(self) -> PerClass:
        """Share of the clips of a class that were predicted."""
        return _share(self.true_positives, self.support)

    @property
    def f1(self) -> PerClass:
        """Harmonic mean of precision and recall."""
        return _share(2 * self.true_positives, 2 * self.true_positives + self.false_positives + self.false_negatives)

    def micro(self) -> PrecisionRecall:
        """Precision, recall and F1 over all decisions, all with equal weight."""
        total = DecisionCounts(
            *(counts.sum(keepdims=True) for counts in (self.true_positives, self.false_positives, self.false_negatives))
        )
        return PrecisionRecall(float(total.precision[0]), float(total.recall[0]), float(total.f1[0]))

    def macro(self, is_counted: npt.NDArray[np.bool_] | None = None) -> PrecisionRecall:
        """Means of precision, recall and F1 over classes, all with equal weight.

        Args:
            is_counted: `(classes,)`, True for the classes in the mean, such as those with clips; None for all.

        Raises:
            ValueError: `is_counted` selects 0 classes.
        """
        chosen = np.ones(len(self.support), dtype=bool) if is_counted is None else is_counted
        if not chosen.any():
            raise ValueError("is_counted selects 0 classes; a mean needs at least one")
        means = (values[chosen].mean() for values in (self.precision, self.recall, self.f1))
        return PrecisionRecall(*map(float, means))


def ranks_of_truth(scores: Scores, truth: Classes, order: Classes | None = None) -> Counts:
    """Rank of the true class of every clip: 0 where it has the highest score.

    Args:
        scores: `(clips, classes)`.
        truth: `(clips,)`.
        order: `(clips, classes)`, order of classes with equal scores, lowest number first; equal numbers share a
            rank. None orders them by index, like `argmax`.

    Examples:
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
    """Share of clips whose true class has the highest score; in a tie the first class counts.

    Args:
        scores: `(clips, classes)`.
        truth: `(clips,)`.

    Examples:
        >>> accuracy(np.array([[0.1, 0.9], [0.8, 0.2]]), np.array([1, 1]))
        0.5
    """
    return top_k_accuracy(scores, truth, 1)


def top_k_accuracy(scores: Scores, truth: Classes, k: int) -> float:
    """Share of clips whose true class is among the `k` highest scores; in a tie the first classes count.

    Raises:
        ValueError: `k` is below 1.
    """
    if k < 1:
        raise ValueError(f"k={k} must be at least 1")
    return float((ranks_of_truth(scores, truth) < k).mean())


def confusion_matrix(predicted: Classes, truth: Classes, n_classes: int) -> Counts:
    """Number of clips by true class and predicted class.

    Args:
        predicted: `(clips,)`.
        truth: `(clips,)`.
        n_classes: Number of classes.

    Returns:
        `(classes, classes)`: rows the true class, columns the predicted one.

    Examples:
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
    """Threshold of every class with the highest F1; a class counts as present at or above its threshold.

    Choose thresholds on validation clips: F1 on the clips that chose them is too good.

    Args:
        probs: `(clips, classes)`.
        targets: `(clips, classes)`, 0 or 1.

    Returns:
        `(classes,)`, halfway between two neighbouring scores (or the lowest score and 0), so that the small
        differences of another backend change nothing; the highest of equally good thresholds. NaN for a class
        without clips.

    Examples:
        >>> best_f1_thresholds(np.array([[0.9, 0.1], [0.4, 0.2], [0.2, 0.3]]), np.array([[1, 0], [1, 0], [0, 0]]))
        array([0.3, nan])
    """
    probs = checked_probs(probs).astype(np.float64)
    is_there = checked_targets(targets, probs.shape)
    columns = zip(probs.T, is_there.T, strict=True)
    return np.array([_best_threshold(np.sort(column), np.sort(column[target])) for column, target in columns])


def _best_threshold(everything: PerClass, positives: PerClass) -> float:
    """Best threshold of sorted probabilities. Only a threshold right below a positive can be the best."""
    if not len(positives):
        return float("nan")
    first = np.searchsorted(everything, positives)  # index of the first equal score
    n_right = len(positives) - np.searchsorted(positives, positives)
    f1 = 2 * n_right / (len(everything) - first + len(positives))
    best = len(f1) - 1 - int(f1[::-1].argmax())  # the last maximum is the highest threshold
    below = everything[first[best] - 1] if first[best] else 0.0
    return float((below + positives[best]) / 2)


def _pairs(
    is_predicted: npt.NDArray[np.bool_], is_there: npt.NDArray[np.bool_]
) -> tuple[tuple[npt.NDArray[np.bool_], npt.NDArray[np.bool_]], ...]:
    """Conditions whose conjunctions are true positives, false positives and false negatives."""
    return (is_predicted, is_there), (is_predicted, ~is_there), (~is_predicted, is_there)


def _share(part: Counts, whole: Counts) -> PerClass:
    return np.divide(part, whole, out=np.zeros(len(whole)), where=whole > 0)
