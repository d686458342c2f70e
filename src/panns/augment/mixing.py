"""How loud sounds are, and how loud beside each other."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float32]

# Frames this far below the loudest are pauses or padding and do not count into how loud a clip is.
_PAUSE_DB = 30.0


def loudness_db(power: Array) -> float:
    """Mean power of the frames that are not pauses, in decibels; -inf for digital silence.

    Args:
        power: `(frames, mels)`.

    Example:
        >>> round(loudness_db(np.array([[100.0], [100.0], [0.0]], dtype=np.float32)))
        20
    """
    frames = power.sum(axis=1, dtype=np.float64)
    loudest = frames.max()
    if loudest <= 0:
        return -np.inf
    return float(10 * np.log10(frames[frames > loudest * 10 ** (-_PAUSE_DB / 10)].mean()))


def presence(level_db: float, *, full_db: float, none_db: float) -> float:
    """How clearly a sound at `level_db` beside a louder one counts as heard: 1 from `full_db`, 0 below `none_db`.

    Example:
        >>> presence(-3.0, full_db=-10.0, none_db=-20.0), presence(-15.0, full_db=-10.0, none_db=-20.0)
        (1.0, 0.5)
    """
    return min(1.0, max(0.0, (level_db - none_db) / (full_db - none_db)))
