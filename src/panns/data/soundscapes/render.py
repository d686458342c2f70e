"""Render a soundscape: mix pieces of clips and a background according to a plan, without randomness or files."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np

from panns.data.soundscapes.plan import PlacedClip, Soundscape
from panns.system.arrays import Array

FADE_S = 0.01
# The largest 16-bit sample; a louder mixture would clip.
FULL_SCALE = 32_767 / 32_768


class Mixture(NamedTuple):
    """A rendered soundscape.

    Attributes:
        waveform: `(samples,)`, within full scale.
        gain_db: Gain that keeps the mixture within full scale, in decibels: 0 or below.
    """

    waveform: Array
    gain_db: float


def render(soundscape: Soundscape, sounds: Mapping[int, Array], background: Array | None, sample_rate: int) -> Mixture:
    """Mix a soundscape.

    A piece keeps the recording between its active stretches. Outside the pieces there is only the background.

    Args:
        soundscape: The plan.
        sounds: Whole waveforms of the placed clips, `(samples,)` each, by number.
        background: `(samples,)`, at any level but not silent; None if the plan has no background.
        sample_rate: Sample rate of all waveforms, in Hz.

    Raises:
        ValueError: The background is missing, silent, or differs from the soundscape in length.

    Examples:
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
    softer = np.clip(mixed * np.float32(gain), -FULL_SCALE, FULL_SCALE)  # float32 may round beyond full scale
    return Mixture(softer, float(20 * np.log10(gain)))


def _at_level(background: Array | None, n_samples: int, level_db: float) -> Array:
    """Scale a background to a mean power."""
    if background is None or len(background) != n_samples:
        given = "is missing" if background is None else f"has {len(background)} samples"
        raise ValueError(f"the background {given}; the soundscape needs {n_samples} samples")
    power = float(np.square(background, dtype=np.float64).mean())
    if not power:
        raise ValueError("the background is silent and has no level to change; give another one")
    scaled: Array = background * np.float32(10 ** (level_db / 20) / np.sqrt(power))
    return scaled


def _cut_out(sound: Array, piece: PlacedClip, max_samples: int, sample_rate: int) -> Array:
    """Cut a piece out of a clip at its level, faded in and out to avoid clicks."""
    start, end = (round(time_s * sample_rate) for time_s in piece.cut_s)
    cut = sound[start : min(end, start + max_samples)] * np.float32(10 ** (piece.gain_db / 20))
    n_fade = min(round(FADE_S * sample_rate), len(cut) // 2)
    if n_fade:
        ramp = ((np.arange(n_fade) + 0.5) / n_fade).astype(np.float32)
        cut[:n_fade] *= ramp
        cut[-n_fade:] *= ramp[::-1]
    return cut
