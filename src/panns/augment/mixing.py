"""Sounds together: how loud each is, how loud beside the other, and what a mixture of two is."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from panns.augment.level import PAUSE_DB

Array = npt.NDArray[np.float32]

# 20 dB above the floor that log-mels keep under silence (`LogMelConfig.log_floor`), and far below any sound: about 90
# dB below full scale.
_SILENT_MEL_POWER = 1e-8


class Mixture(NamedTuple):
    """Two waveforms in one.

    Attributes:
        waveform: `(samples,)`.
        share: How much of the mixture is the first: 1 is all. The second has the rest. With one label to a clip the
            labels are weighed by the shares. With several, both sounds are there, and a sound whose share is small may
            still be heard: it is 20 log10(share / (1 - share)) dB beside the other, and `presence` says what that
            counts.
    """

    waveform: Array
    share: float


def check_pair(first: Array, second: Array) -> None:
    """Refuse two waveforms that cannot be mixed.

    Raises:
        ValueError: They differ in shape.
    """
    if first.shape != second.shape:
        raise ValueError(
            f"waveforms of {first.shape} and {second.shape} samples cannot be mixed; fit them to one length"
        )


def loudness_db(power: Array, *, silent_below: float = _SILENT_MEL_POWER) -> float:
    """Mean power of the frames that are not pauses, in decibels; -inf for silence.

    Args:
        power: Mel power `(frames, mels)`.
        silent_below: Mean power of a band in the loudest frame below which nothing sounds. It is above 0 because mel
            power that went through a logarithm is never 0: boosted to the level of a sound, its floor is loud noise.

    Example:
        >>> round(loudness_db(np.array([[100.0], [100.0], [0.0]], dtype=np.float32)))
        20
        >>> loudness_db(np.full((3, 64), 1e-10, np.float32))
        -inf
    """
    frames = power.sum(axis=1, dtype=np.float64)
    loudest = frames.max()
    if loudest < silent_below * power.shape[1]:
        return -np.inf
    return float(10 * np.log10(frames[frames > loudest * 10 ** (-PAUSE_DB / 10)].mean()))


def presence(level_db: float, *, full_db: float, none_db: float) -> float:
    """How clearly a sound at `level_db` beside a louder one counts as heard: 1 from `full_db`, 0 below `none_db`.

    Example:
        >>> presence(-3.0, full_db=-10.0, none_db=-20.0), presence(-15.0, full_db=-10.0, none_db=-20.0)
        (1.0, 0.5)
    """
    return min(1.0, max(0.0, (level_db - none_db) / (full_db - none_db)))
