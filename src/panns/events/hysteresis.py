"""Two thresholds (hysteresis): a class is active above the lower one, once it has reached the upper one."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from panns.system.arrays import Array

Bools = npt.NDArray[np.bool_]


def apply_thresholds(probs: Array, lower: Array, upper: Array, was_active: Bools) -> tuple[Bools, Bools]:
    """Frames above the lower threshold, and frames of an event that has reached the upper one.

    Args:
        probs: `(frames, classes)`.
        lower: `(classes,)`.
        upper: `(classes,)`, at least as high.
        was_active: `(classes,)`, True if the class was active in the frame before.

    Returns:
        Two arrays `(frames, classes)`: True where the score is at least the lower threshold, and True where it has also
        reached the upper one since then.

    Examples:
        >>> probs = np.array([[0.4], [0.6], [0.4], [0.2], [0.4]], np.float32)
        >>> above, active = apply_thresholds(probs, np.float32([0.3]), np.float32([0.5]), np.array([False]))
        >>> above[:, 0]
        array([ True,  True,  True, False,  True])
        >>> active[:, 0]
        array([False,  True,  True, False, False])
    """
    is_above: Bools = probs >= lower
    reaches: Bools = probs >= upper
    # A frame between the thresholds is as the latest frame outside of them.
    is_outside = reaches | ~is_above
    latest = np.maximum.accumulate(np.where(is_outside, np.arange(len(probs))[:, None], -1), axis=0)
    is_active: Bools = np.where(latest < 0, was_active, reaches[np.maximum(latest, 0), np.arange(len(lower))])
    return is_above, is_active
