"""Level: how much louder or softer a whole clip is."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float32]


def apply_gain(waveform: Array, gain_db: float) -> Array:
    """A waveform `(samples,)` made louder by `gain_db`, or softer.

    Example:
        >>> apply_gain(np.array([0.5, -0.1], np.float32), 20.0)
        array([ 5., -1.], dtype=float32)
    """
    return waveform * np.float32(10 ** (gain_db / 20))


def limit_peak(waveform: Array) -> Array:
    """A waveform turned down as a whole where its peak is above full scale, as a recorder is set not to overload.

    Example:
        >>> limit_peak(np.array([2.0, -1.0], np.float32)), limit_peak(np.array([0.5], np.float32))
        (array([ 1. , -0.5], dtype=float32), array([0.5], dtype=float32))
    """
    peak = max(float(waveform.max()), -float(waveform.min()))
    return waveform if peak <= 1.0 else waveform * np.float32(1 / peak)
