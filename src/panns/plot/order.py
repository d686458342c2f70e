"""Order of classes that puts confused classes side by side."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]


def order_by_confusion(confusion: npt.NDArray[np.int64]) -> npt.NDArray[np.intp]:
    """Indices of classes such that confusions form blocks along the diagonal.

    The two groups of classes that are confused most, on average over their pairs, are joined until none is confused
    with any other (agglomerative clustering by average linkage), each time turned so that the closest ends meet.
    Classes that are confused with none keep their place among the groups, which stand by their first class.

    Args:
        confusion: `(classes, classes)`, how many clips of each (rows) were taken for each (columns).

    Example:
        >>> order_by_confusion(np.array([[5, 0, 3], [0, 9, 0], [1, 0, 8]])).tolist()
        [0, 2, 1]
    """
    n_classes = len(confusion)
    clips = confusion.sum(axis=1, keepdims=True)
    rates = np.divide(confusion, clips, out=np.zeros(confusion.shape), where=clips > 0)
    near = rates + rates.T  # between classes
    groups = [[i] for i in range(n_classes)]
    # Sums of `near` over all pairs of two groups; a group that was joined to another has nothing left.
    between = near.copy()
    np.fill_diagonal(between, 0)
    sizes = np.ones(n_classes)
    while True:
        mean = between / np.outer(sizes, sizes)
        one, other = sorted(divmod(int(mean.argmax()), n_classes))
        if mean[one, other] <= 0:
            break
        groups[one] = _joined(groups[one], groups[other], near)
        groups[other] = []
        between[one] += between[other]
        between[:, one] += between[:, other]
        between[other] = between[:, other] = between[one, one] = 0
        sizes[one] += sizes[other]
    return np.array([i for group in groups for i in group], dtype=np.intp)


def _joined(one: list[int], other: list[int], near: Floats) -> list[int]:
    """Two groups in a row, of the four ways that in which the nearest classes meet; the first of equals."""
    ways = [(one, other), (one, other[::-1]), (one[::-1], other), (one[::-1], other[::-1])]
    left, right = max(ways, key=lambda way: near[way[0][-1], way[1][0]])
    return left + right
