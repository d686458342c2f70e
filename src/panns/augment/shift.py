"""Time shift: move a sound earlier or later in its clip.

This makes a model invariant to the position of a sound. Labels with times must move along.
"""

from __future__ import annotations

import numpy as np

from panns.system.arrays import Array


def shift_circular(waveform: Array, n_samples: int) -> Array:
    """Shift a waveform `(samples,)` by `n_samples`, later if positive; its end wraps around to the start.

    Examples:
        >>> shift_circular(np.array([1, 2, 3, 4], np.float32), 1)
        array([4., 1., 2., 3.], dtype=float32)
    """
    return np.roll(waveform, n_samples)


def shift_with_silence(waveform: Array, n_samples: int) -> Array:
    """Shift a waveform `(samples,)` by `n_samples`, later if positive; silence fills the gap.

    Examples:
        >>> shift_with_silence(np.array([1, 2, 3, 4], np.float32), -1)
        array([2., 3., 4., 0.], dtype=float32)
    """
    shifted = np.zeros_like(waveform)
    n_left = max(0, len(waveform) - abs(n_samples))
    if n_samples >= 0:
        shifted[len(waveform) - n_left :] = waveform[:n_left]
    else:
        shifted[:n_left] = waveform[len(waveform) - n_left :]
    return shifted
