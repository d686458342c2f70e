"""How good scores are: pure functions of probabilities."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.floating]


def mapped_top1(probs: Array, answers: Sequence[str], classes: dict[str, list[int]]) -> float:
    """Share of clips whose category scores highest; a category scores as the highest of its classes.

    A clip counts as right when that highest score among all categories' classes is one of its own, so categories that
    share the winning class are all right.

    Args:
        probs: `(clips, all classes)`.
        answers: The category of every clip.
        classes: Indices of the classes of every category that is a candidate.

    Example:
        >>> mapped_top1(np.array([[0.1, 0.7, 0.9], [0.3, 0.2, 0.9]]), ["a", "a"], {"a": [0], "b": [1]})
        0.5
    """
    n_right = 0
    for row, answer in zip(probs, answers, strict=True):
        best = max(row[index] for indices in classes.values() for index in indices)
        n_right += max(row[index] for index in classes[answer]) >= best
    return n_right / len(answers)


def top_overlap(first: Array, second: Array, k: int) -> float:
    """Mean share of the `k` most probable classes that two models have in common; `(clips, classes)` each."""
    tops = (np.argsort(-scores, axis=1, kind="stable")[:, :k] for scores in (first, second))
    return float(np.mean([len(np.intersect1d(one, other)) / k for one, other in zip(*tops, strict=True)]))


def rank_correlation(first: Array, second: Array) -> float:
    """Mean over clips of Spearman's rank correlation of two models' scores; `(clips, classes)` each, without ties.

    Example:
        >>> rank_correlation(np.array([[0.1, 0.2, 0.3]]), np.array([[3.0, 2.0, 1.0]]))
        -1.0
    """
    ranks = [np.argsort(np.argsort(scores, axis=1), axis=1).astype(np.float64) for scores in (first, second)]
    centred = [rank - rank.mean(axis=1, keepdims=True) for rank in ranks]
    covariance = (centred[0] * centred[1]).sum(axis=1)
    spread = np.sqrt((centred[0] ** 2).sum(axis=1) * (centred[1] ** 2).sum(axis=1))
    return float((covariance / spread).mean())
