"""Measures of this recipe: order accuracy, and confidence intervals of means. Pure functions."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

Scores = npt.NDArray[np.floating]
Classes = npt.NDArray[np.integer]

# 97.5th percentiles of Student's t by degrees of freedom.
_STUDENT_T = {1: 12.706, 2: 4.303, 3: 3.182, 4: 2.776}


def order_accuracy(logits: Scores, classes: Classes) -> float:
    """Share of soundscapes with their two classes in the right order, regardless of other classes.

    Args:
        logits: `(soundscapes, 2 * n)`, "first" for each of n classes, then "second" for each.
        classes: `(soundscapes, 2)`, first and second class.

    Examples:
        >>> order_accuracy(np.array([[2.0, 0.0, 0.0, 1.0]]), np.array([[0, 1]]))
        1.0
    """
    n = logits.shape[1] // 2
    earlier = logits[:, :n] - logits[:, n:]
    rows = np.arange(len(logits))
    return float((earlier[rows, classes[:, 0]] > earlier[rows, classes[:, 1]]).mean())


def mean_and_interval(values: Sequence[float]) -> tuple[float, float]:
    """Mean, and half the width of its 95 % interval by Student's t.

    Examples:
        >>> mean, half = mean_and_interval([1.0, 2.0, 3.0])
        >>> round(mean, 3), round(half, 3)
        (2.0, 2.484)
    """
    mean = float(np.mean(values))
    if len(values) < 2:
        return mean, float("inf")
    return mean, float(_STUDENT_T[len(values) - 1] * np.std(values, ddof=1) / np.sqrt(len(values)))
