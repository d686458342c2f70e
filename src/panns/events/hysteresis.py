"""Two thresholds: a class sounds while its score is above the lower one, if it reaches the upper one."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float32]
Bools = npt.NDArray[np.bool_]


def above_and_sure(probs: Array, lower: Array, upper: Array, was_sure: Bools) -> tuple[Bools, Bools]:
    """Where each class is above its lower threshold, and from where on that has been for sure an event.

    Args:
        probs: `(frames, classes)`.
        lower: `(classes,)`.
        upper: `(classes,)`, at least as high.
        was_sure: `(classes,)`, the second of both in the frame before.

    Returns:
        `(frames, classes)`, whether the score is at least the lower threshold; and whether it has also reached the
        upper one since it is.

    Example:
        >>> probs = np.array([[0.4], [0.6], [0.4], [0.2], [0.4]], np.float32)
        >>> above, sure = above_and_sure(probs, np.float32([0.3]), np.float32([0.5]), np.array([False]))
        >>> above[:, 0]
        array([ True,  True,  True, False,  True])
        >>> sure[:, 0]
        array([False,  True,  True, False, False])
    """
    is_above: Bools = probs >= lower
    reaches: Bools = probs >= upper
    # In between the two thresholds a frame is as the latest one that was not.
    is_told = reaches | ~is_above
    told = np.maximum.accumulate(np.where(is_told, np.arange(len(probs))[:, None], -1), axis=0)
    is_sure: Bools = np.where(told < 0, was_sure, reaches[np.maximum(told, 0), np.arange(len(lower))])
    return is_above, is_sure
