"""Reverberation: convolve a clip with a random room response, a direct sound and exponentially decaying noise.

This makes a model robust to recordings in rooms and at a distance. Long decays blur the onsets and offsets of events.
Moorer 1979, "About this reverberation business".
"""

from __future__ import annotations

import numpy as np

from panns.augment.convolution import convolve
from panns.system.arrays import Array

# The path of the first reflections is a few metres longer than the direct path.
_GAP_S = 0.005


def add_reverb(
    waveform: Array, sample_rate: int, rng: np.random.Generator, *, decay_s: float, direct_db: float
) -> Array:
    """Add reverberation, at about the same level and without delay.

    Args:
        waveform: `(samples,)`.
        sample_rate: Sample rate of the waveform, in Hz.
        rng: Random generator of the reflections.
        decay_s: Decay by 60 dB (RT60), in seconds: 0.2 for a furnished room, 2 for a church.
        direct_db: Level of the direct sound above the sum of all reflections, in dB: 20 nearby, -5 far away.

    Returns:
        `(samples,)`; the tail after the end is cut off.
    """
    return convolve(waveform, room_response(sample_rate, rng, decay_s=decay_s, direct_db=direct_db))


def room_response(sample_rate: int, rng: np.random.Generator, *, decay_s: float, direct_db: float) -> Array:
    """Random impulse response of a room: direct sound, 5 ms of silence, and noise that decays by 60 dB in `decay_s`.

    Returns:
        `(taps,)` with energy 1.
    """
    n_gap, n_tail = round(_GAP_S * sample_rate), max(1, round(decay_s * sample_rate))
    response = np.zeros(1 + n_gap + n_tail, np.float32)
    response[0] = 1
    tail = rng.standard_normal(n_tail, np.float32)
    tail *= np.exp(np.linspace(0, -3 * np.log(10), n_tail, dtype=np.float32))
    energy = max(float(np.square(tail).sum()), 1e-12)
    response[1 + n_gap :] = tail * np.float32(np.sqrt(10 ** (-direct_db / 10) / energy))
    return response / np.float32(np.sqrt(1 + 10 ** (-direct_db / 10)))
