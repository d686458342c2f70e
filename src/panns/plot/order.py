"""Order of classes that puts confused classes side by side."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]


def order_by_confusion(confusion: npt.NDArray[np.int64]) -> npt.NDArray[np.intp]:
    """Order classes so that confusions form blocks along the diagonal.

    Agglomerative clustering with average linkage: the two groups that are confused most, on average over their pairs,
    are merged until no group is confused with another. Each merge turns the groups so that their closest ends meet.
    Groups are sorted by their first class, and a class without confusions is a group of its own.

    Args:
        confusion: `(classes, classes)`, clips by true class (rows) and predicted class (columns).

    Examples:
        >>> order_by_confusion(np.array([[5, 0, 3], [0, 9, 0], [1, 0, 8]])).tolist()
        [0, 2, 1]
    """
    n_classes = len(confusion)
    clips = confusion.sum(axis=1, keepdims=True)
    rates = np.divide(confusion, clips, out=np.zeros(confusion.shape), where=clips > 0)
    near = rates + rates.T  # confusion between two classes, in both directions
    groups = [[i] for i in range(n_classes)]
    # Sums of `near` over all pairs of classes from two groups; the row of a merged group becomes zero.
    between = near.copy()
    np.fill_diagonal(between, 0)
    sizes = np.ones(n_classes)
    while True:
        mean = between / np.outer(sizes, sizes)
        one, other = sorted(divmod(int(mean.argmax()), n_classes))
        if mean[one, other] <= 0:
            break
        groups[one] = _join(groups[one], groups[other], near)
        groups[other] = []
        between[one] += between[other]
        between[:, one] += between[:, other]
        between[other] = between[:, other] = between[one, one] = 0
        sizes[one] += sizes[other]
    return np.array([i for group in groups for i in group], dtype=np.intp)


def _join(one: list[int], other: list[int], near: Floats) -> list[int]:
    """Concatenate two groups, each turned so that their closest classes meet; ties take the first way."""
    ways = [(one, other), (one, other[::-1]), (one[::-1], other), (one[::-1], other[::-1])]
    left, right = max(ways, key=lambda way: near[way[0][-1], way[1][0]])
    return left + right
