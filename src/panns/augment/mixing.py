"""Mixtures of two clips, and the loudness of the sounds in a mixture."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from panns.augment.level import PAUSE_DB
from panns.system.arrays import Array

# 20 dB above the floor of log-mels (`LogMelConfig.log_floor`), and far below any sound: about -90 dB re full scale.
_SILENT_MEL_POWER = 1e-8


class Mixture(NamedTuple):
    """A mixture of two waveforms.

    Attributes:
        waveform: `(samples,)`.
        share: Share of the first waveform, from 0 to 1; the second has the rest. With one label per clip, the labels
            are weighted by the shares. With several, both sounds are present, and one with a small share may still be
            audible: it is 20 log10(share / (1 - share)) dB relative to the other, which `presence` turns into a target.
    """

    waveform: Array
    share: float


def check_pair(first: Array, second: Array) -> None:
    """Refuse two waveforms of different length.

    Raises:
        ValueError: Their shapes differ.
    """
    if first.shape != second.shape:
        raise ValueError(f"cannot mix waveforms of shapes {first.shape} and {second.shape}; fit them to one length")


def loudness_db(power: Array, *, silent_below: float = _SILENT_MEL_POWER) -> float:
    """Mean power of the active frames, in dB; -inf for silence.

    Args:
        power: Mel power `(frames, mels)`.
        silent_below: Mean band power of the loudest frame below which a clip is silent. Above 0, because mel power
            restored from a logarithm has a floor, which would become loud noise if amplified.

    Examples:
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
    """Target for a sound at `level_db` relative to a louder one: 1 from `full_db` up, 0 below `none_db`.

    Examples:
        >>> presence(-3.0, full_db=-10.0, none_db=-20.0), presence(-15.0, full_db=-10.0, none_db=-20.0)
        (1.0, 0.5)
    """
    return min(1.0, max(0.0, (level_db - none_db) / (full_db - none_db)))
