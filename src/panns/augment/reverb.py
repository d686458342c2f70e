"""Rooms: a sound, then noise that dies away. Moorer 1979, "About this reverberation business"."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from panns.augment.convolution import convolve

Array = npt.NDArray[np.float32]

# The way of the first reflections is a few metres longer than the direct one.
_GAP_S = 0.005


def add_reverb(
    waveform: Array, sample_rate: int, rng: np.random.Generator, *, decay_s: float, direct_db: float
) -> Array:
    """A waveform as in a room, about as loud as before, and no later.

    Args:
        waveform: `(samples,)`.
        sample_rate: Its rate.
        rng: Where the reflections come from.
        decay_s: How long the room takes to fall by 60 dB: 0.2 for a furnished one, 2 for a church.
        direct_db: How much stronger the direct sound is than all reflections together: 20 close by, -5 far away.

    Returns:
        `(samples,)`: what sounds on behind the end is cut.
    """
    return convolve(waveform, room_response(sample_rate, rng, decay_s=decay_s, direct_db=direct_db))


def room_response(sample_rate: int, rng: np.random.Generator, *, decay_s: float, direct_db: float) -> Array:
    """What a room makes of a single 1: the direct sound, 5 ms of nothing, and noise falling by 60 dB in `decay_s`.

    Returns:
        `(taps,)` of energy 1.
    """
    n_gap, n_tail = round(_GAP_S * sample_rate), max(1, round(decay_s * sample_rate))
    response = np.zeros(1 + n_gap + n_tail, np.float32)
    response[0] = 1
    tail = rng.standard_normal(n_tail, np.float32)
    tail *= np.exp(np.linspace(0, -3 * np.log(10), n_tail, dtype=np.float32))
    energy = max(float(np.square(tail).sum()), 1e-12)
    response[1 + n_gap :] = tail * np.float32(np.sqrt(10 ** (-direct_db / 10) / energy))
    return response / np.float32(np.sqrt(1 + 10 ** (-direct_db / 10)))
