"""Full scale of float samples, which files of 32-bit float recorders and of scientific programs exceed.

Integers cannot exceed it, and lossy formats do so by little, so only formats that store floats are measured, in a pass
of their own before the sound is read.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from panns.audio.decoding.samples import Waveform
from panns.audio.limits import MAX_PEAK

# Peaks up to 6 dB over full scale are ordinary in mixes and in decoded lossy sound, and change the scores little.
_FAR_BEYOND = 2.0
# A few thumps and clicks over full scale leave the level of the rest as it is.
_MIN_SHARE_BEYOND = 1e-3
# Above this, whole numbers are integers of 16 bits that were stored as floats.
_MIN_INTEGER_PEAK = 100.0
_INT16_SCALE = 2.0**15


@dataclass(frozen=True)
class Level:
    """Gain that brings a sound to full scale, and a message about it; 1 and empty for most sounds."""

    gain: float = 1.0
    message: str = ""


def measure_level(blocks: Iterable[Waveform], n_channels: int) -> Level:
    """Measure the level of a sound.

    Args:
        blocks: The mono sound.
        n_channels: Number of channels whose mean it is.

    Examples:
        >>> measure_level([np.array([0.0, 5.0, -4.0], dtype=np.float32)], 1).gain
        0.2
    """
    peak = 0.0
    n_samples = n_beyond = 0
    is_whole = True
    for block in blocks:
        if not len(block):
            continue
        block_peak = max(float(block.max()), -float(block.min()))
        if not block_peak <= MAX_PEAK:
            return Level()  # refused when it is read
        peak = max(peak, block_peak)
        n_samples += len(block)
        if block_peak > 1:
            n_beyond += int(np.count_nonzero(np.abs(block) > 1))
        if is_whole and block_peak:
            summed = block * np.float32(n_channels)
            is_whole = bool(np.abs(summed - np.rint(summed)).max() < 0.01)
    if peak <= _FAR_BEYOND:
        return Level()
    beyond = f"samples reach {peak:,.1f}, but audio is within -1..1"
    if n_beyond < _MIN_SHARE_BEYOND * n_samples:
        return Level(1.0, f"{n_beyond:,} {beyond}; so few are kept as they are")
    if is_whole and _MIN_INTEGER_PEAK < peak <= _INT16_SCALE:
        return Level(1 / _INT16_SCALE, f"{beyond}; all are whole numbers, as of 16 bits, and are divided by 32,768")
    return Level(1 / peak, f"{beyond}; all are divided by that peak")
