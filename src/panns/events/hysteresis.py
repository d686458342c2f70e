"""Two thresholds: one that begins, a lower one that ends."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float32]
Bools = npt.NDArray[np.bool_]


def sounding(probs: Array, begins: Array, ends: Array, was_on: Bools) -> Bools:
    """Whether each class sounds in each frame: from where it reaches one threshold to where it falls below the other.

    Args:
        probs: `(frames, classes)`.
        begins: `(classes,)`, the higher thresholds.
        ends: `(classes,)`, the lower ones.
        was_on: `(classes,)`, whether it sounded in the frame before.

    Returns:
        `(frames, classes)`.

    Example:
        >>> probs = np.array([[0.4], [0.6], [0.4], [0.2], [0.4]], np.float32)
        >>> sounding(probs, np.float32([0.5]), np.float32([0.3]), np.array([False]))[:, 0]
        array([False,  True,  True, False, False])
    """
    begun: Bools = probs >= begins
    # In between the two thresholds a frame is as the latest one that was not.
    is_told = begun | (probs < ends)
    told = np.maximum.accumulate(np.where(is_told, np.arange(len(probs))[:, None], -1), axis=0)
    is_on: Bools = np.where(told < 0, was_on, np.take_along_axis(begun, np.maximum(told, 0), axis=0))
    return is_on
