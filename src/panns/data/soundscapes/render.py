"""A soundscape as sound: pieces of clips above a background, as its plan says. Nothing is drawn here, nothing read."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from panns.data.soundscapes.plan import PlacedClip, Soundscape

Array = npt.NDArray[np.float32]

FADE_S = 0.01
# The largest number of 16 bits; a mixture that goes further would be cut off there.
FULL_SCALE = 32_767 / 32_768


class Mixture(NamedTuple):
    """A soundscape that was mixed.

    Attributes:
        waveform: `(samples,)`, within full scale.
        gain_db: What all of it was made softer by to stay there: 0 or below.
    """

    waveform: Array
    gain_db: float


def render(soundscape: Soundscape, sounds: Mapping[int, Array], background: Array | None, sample_rate: int) -> Mixture:
    """Mix a soundscape.

    Within a piece the sound is as it was recorded, also in the pauses between its stretches; where there is no piece,
    there is the background alone.

    Args:
        soundscape: What sounds when, and how loud.
        sounds: The clips that are placed in it, whole, `(samples,)` each, by number.
        background: `(samples,)`, of any level but silence; may be None where the soundscape has none.
        sample_rate: Of all of them.

    Raises:
        ValueError: The background is missing, silent, or not as long as the soundscape.

    Example:
        >>> piece = PlacedClip(clip=3, cut_s=(0.0, 0.5), onset_s=0.25, gain_db=-20.0, events=((0.25, 0.75),))
        >>> mixed = render(Soundscape(1.0, (piece,), None, 0.0), {3: np.ones(800, np.float32)}, None, 1_000)
        >>> [round(float(mixed.waveform[i]), 3) for i in (0, 249, 300, 700, 750)]
        [0.0, 0.0, 0.1, 0.1, 0.0]
    """
    n_samples = round(soundscape.duration_s * sample_rate)
    mixed = np.zeros(n_samples, np.float32)
    if soundscape.background_db is not None:
        mixed += _at_level(background, n_samples, soundscape.background_db)
    for piece in soundscape.placed:
        begin = round(piece.onset_s * sample_rate)
        cut = _cut_out(sounds[piece.clip], piece, n_samples - begin, sample_rate)
        mixed[begin : begin + len(cut)] += cut
    peak = float(np.abs(mixed).max(initial=0.0))
    if peak <= FULL_SCALE:
        return Mixture(mixed, 0.0)
    gain = FULL_SCALE / peak
    softer = np.clip(mixed * np.float32(gain), -FULL_SCALE, FULL_SCALE)  # off by a rounding of float32 at most
    return Mixture(softer, float(20 * np.log10(gain)))


def _at_level(background: Array | None, n_samples: int, level_db: float) -> Array:
    """The background with that mean power."""
    if background is None or len(background) != n_samples:
        given = "none" if background is None else f"one of {len(background)} samples"
        raise ValueError(f"the soundscape has a background of {n_samples} samples, and {given} was given; give that")
    power = float(np.square(background, dtype=np.float64).mean())
    if not power:
        raise ValueError("the background is silent and cannot be given a level; give one that sounds")
    scaled: Array = background * np.float32(10 ** (level_db / 20) / np.sqrt(power))
    return scaled


def _cut_out(sound: Array, piece: PlacedClip, max_samples: int, sample_rate: int) -> Array:
    """A piece of a clip at its level, faded in and out, since what was cut off would click."""
    start, end = (round(time_s * sample_rate) for time_s in piece.cut_s)
    cut = sound[start : min(end, start + max_samples)] * np.float32(10 ** (piece.gain_db / 20))
    n_fade = min(round(FADE_S * sample_rate), len(cut) // 2)
    if n_fade:
        ramp = ((np.arange(n_fade) + 0.5) / n_fade).astype(np.float32)
        cut[:n_fade] *= ramp
        cut[-n_fade:] *= ramp[::-1]
    return cut
