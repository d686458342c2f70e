"""Ranking measures of scores: average precision, area under the ROC curve, d'.

Only the order of the scores counts, so logits and probabilities give equal results. Equal scores share one rank.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from statistics import NormalDist
from typing import Final, Literal

import numpy as np
import numpy.typing as npt

from panns.metrics.checks import Scores, Targets, checked_scores, checked_targets

PerClass = npt.NDArray[np.float64]

_SIDES: Final[tuple[Literal["left", "right"], ...]] = ("left", "right")


@dataclass(frozen=True)
class ClassMean:
    """Mean over the classes with a defined value.

    Attributes:
        value: The mean; NaN if the value of every class is NaN.
        n_classes: Number of classes in the mean.
    """

    value: float
    n_classes: int


def class_mean(per_class: PerClass) -> ClassMean:
    """Mean over the classes whose value is not NaN.

    Examples:
        >>> class_mean(np.array([0.5, np.nan, 1.0]))
        ClassMean(value=0.75, n_classes=2)
    """
    values = per_class[~np.isnan(per_class)]
    return ClassMean(float(values.mean()) if len(values) else math.nan, len(values))


def average_precision(scores: Scores, targets: Targets) -> PerClass:
    """Average precision of every class: the mean over its clips of the precision at their rank.

    Args:
        scores: `(clips, classes)`.
        targets: `(clips, classes)`, 0 or 1.

    Returns:
        `(classes,)`, NaN for a class without clips; `class_mean` of it is mAP.

    Examples:
        >>> average_precision(np.array([[0.9, 0.1], [0.8, 0.2], [0.1, 0.3]]), np.array([[1, 0], [1, 0], [1, 0]]))
        array([ 1., nan])
        >>> average_precision(np.array([[0.9], [0.8], [0.1]]), np.array([[1], [0], [1]])).round(3)
        array([0.833])
    """
    return _per_class(scores, targets, _average_precision)


def roc_auc(scores: Scores, targets: Targets) -> PerClass:
    """Area under the ROC curve of every class: the probability that a clip of the class scores above another clip.

    Equal scores count half.

    Args:
        scores: `(clips, classes)`.
        targets: `(clips, classes)`, 0 or 1.

    Returns:
        `(classes,)`, NaN for a class without positive or without negative clips; `class_mean` of it is mAUC.

    Examples:
        >>> roc_auc(np.array([[0.9, 0.1], [0.8, 0.2], [0.1, 0.3]]), np.array([[1, 1], [0, 1], [1, 1]]))
        array([0.5, nan])
    """
    return _per_class(scores, targets, _roc_auc)


def d_prime(auc: float) -> float:
    """Sensitivity index d' of an area under the ROC curve.

    d' is the distance of two unit Gaussians with this area, in standard deviations.

    The d' of a model comes from its mean area over classes, as in the tables of AudioSet and PANNs. It is infinite for
    an area of 1, minus infinity for 0, and NaN for NaN.

    Args:
        auc: Area under the ROC curve, 0 to 1.

    Raises:
        ValueError: `auc` is not in 0 to 1.

    Source: Kong et al. 2020, arXiv:1912.10211, "Evaluation metrics".

    Examples:
        >>> round(d_prime(0.973), 3), d_prime(0.5), d_prime(1.0)
        (2.725, 0.0, inf)
    """
    if math.isnan(auc):
        return math.nan
    if not 0 <= auc <= 1:
        raise ValueError(f"auc={auc} is out of range; an area under a ROC curve is 0 to 1")
    if auc in (0, 1):
        return math.copysign(math.inf, auc - 0.5)
    return math.sqrt(2) * NormalDist().inv_cdf(auc)


def _per_class(scores: Scores, targets: Targets, measure: Callable[[Scores, Scores], float]) -> PerClass:
    scores = checked_scores(scores)
    is_there = checked_targets(targets, scores.shape)
    columns = zip(scores.T, is_there.T, strict=True)
    # Sort a contiguous copy of one class at a time, which is many times faster than sorting along an axis.
    return np.array([measure(np.sort(column), np.sort(column[target])) for column, target in columns])


def _average_precision(everything: Scores, positives: Scores) -> float:
    """Average precision of sorted scores. Each positive adds the precision at its own score."""
    if not len(positives):
        return math.nan
    n_positives_down_to = len(positives) - np.searchsorted(positives, positives)
    n_clips_down_to = len(everything) - np.searchsorted(everything, positives)
    return float((n_positives_down_to / n_clips_down_to).mean())


def _roc_auc(everything: Scores, positives: Scores) -> float:
    """Area of sorted scores. Each positive adds the negatives below it, and half of the equal ones; in integers."""
    n_positives, n_negatives = len(positives), len(everything) - len(positives)
    if not n_positives or not n_negatives:
        return math.nan
    n_below_or_equal = sum(
        int(np.searchsorted(everything, positives, side).sum()) - int(np.searchsorted(positives, positives, side).sum())
        for side in _SIDES
    )
    return n_below_or_equal / (2 * n_positives * n_negatives)
