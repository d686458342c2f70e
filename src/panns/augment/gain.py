"""Gain: multiply a clip by a constant factor, to change its volume.

This helps a model become invariant to the input gain. A high gain can push the peak above full scale: follow it by
`limit_peak`.
"""

from __future__ import annotations

import numpy as np

from panns.system.arrays import Array


def apply_gain(waveform: Array, gain_db: float) -> Array:
    """Multiply a waveform `(samples,)` by a gain in dB.

    Examples:
        >>> apply_gain(np.array([0.5, -0.1], np.float32), 20.0)
        array([ 5., -1.], dtype=float32)
    """
    return waveform * np.float32(10 ** (gain_db / 20))


def limit_peak(waveform: Array) -> Array:
    """Scale a waveform down so that its peak is at most full scale. The rest stays unchanged.

    Examples:
        >>> limit_peak(np.array([2.0, -1.0], np.float32)), limit_peak(np.array([0.5], np.float32))
        (array([ 1. , -0.5], dtype=float32), array([0.5], dtype=float32))
    """
    peak = max(float(waveform.max()), -float(waveform.min()))
    return waveform if peak <= 1.0 else waveform * np.float32(1 / peak)
