"""Measures of the built-in model: pure functions of probabilities."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.floating]


def mapped_top1(probs: Array, truth: Sequence[str], classes: dict[str, list[int]]) -> float:
    """Top-1 accuracy with categories that each score as the highest of their classes.

    A clip is right if the highest score among the classes of all categories belongs to its category. If categories
    share that class, all of them are right.

    Args:
        probs: `(clips, all classes)`.
        truth: Category of every clip.
        classes: Class indices of every candidate category.

    Example:
        >>> mapped_top1(np.array([[0.1, 0.7, 0.9], [0.3, 0.2, 0.9]]), ["a", "a"], {"a": [0], "b": [1]})
        0.5
    """
    n_right = 0
    for row, category in zip(probs, truth, strict=True):
        best = max(row[index] for indices in classes.values() for index in indices)
        n_right += max(row[index] for index in classes[category]) >= best
    return n_right / len(truth)


def top_overlap(first: Array, second: Array, k: int) -> float:
    """Mean share of common classes among the `k` most probable ones of two models, from `(clips, classes)` each."""
    tops = (np.argsort(-scores, axis=1, kind="stable")[:, :k] for scores in (first, second))
    return float(np.mean([len(np.intersect1d(one, other)) / k for one, other in zip(*tops, strict=True)]))


def rank_correlation(first: Array, second: Array) -> float:
    """Spearman's rank correlation of two models' scores, mean over clips; both arrays are `(clips, classes)`, no ties.

    Example:
        >>> rank_correlation(np.array([[0.1, 0.2, 0.3]]), np.array([[3.0, 2.0, 1.0]]))
        -1.0
    """
    ranks = [np.argsort(np.argsort(scores, axis=1), axis=1).astype(np.float64) for scores in (first, second)]
    centred = [rank - rank.mean(axis=1, keepdims=True) for rank in ranks]
    covariance = (centred[0] * centred[1]).sum(axis=1)
    spread = np.sqrt((centred[0] ** 2).sum(axis=1) * (centred[1] ** 2).sum(axis=1))
    return float((covariance / spread).mean())
