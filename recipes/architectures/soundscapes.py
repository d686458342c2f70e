"""Soundscapes of two sounds, one after the other, over quiet noise; the labels say which came first."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from panns.system.arrays import Array

LEVEL_DB = -20.0  # root mean square of the active part of a clip, relative to full scale
_FRAME_S = 0.02
_PAUSE_DB = 30.0  # frames further below the loudest one are pauses or padding
_FADE_S = 0.01


@dataclass(frozen=True)
class SoundscapeConfig:
    """Settings of soundscapes.

    Attributes:
        duration_s: Length of a soundscape.
        piece_range_s: Length of a piece of a clip; shorter clips are used whole.
        level_range_db: Level of each of the two sounds.
        noise_range_db: Level of the noise, relative to a sound at 0 dB.
    """

    duration_s: float = 5.0
    piece_range_s: tuple[float, float] = (0.8, 2.0)
    level_range_db: tuple[float, float] = (-6.0, 0.0)
    noise_range_db: tuple[float, float] = (-40.0, -25.0)

    def __post_init__(self) -> None:
        if 2 * self.piece_range_s[1] > self.duration_s:
            raise ValueError(
                f"piece_range_s={self.piece_range_s} lets two sounds overlap in duration_s={self.duration_s}; "
                "use shorter pieces"
            )


class Soundscape(NamedTuple):
    """Mixture and its labels.

    Attributes:
        waveform: `(samples,)`.
        classes: Classes of the first and the second sound.
        spans: First sample, and the one after the last, of each sound.
    """

    waveform: Array
    classes: tuple[int, int]
    spans: tuple[tuple[int, int], tuple[int, int]]


def draw_soundscape(
    clips: Sequence[Array],
    classes: Sequence[int],
    config: SoundscapeConfig,
    rng: np.random.Generator,
    *,
    sample_rate: int,
) -> Soundscape:
    """Mix two clips of different classes.

    Args:
        clips: Waveforms at a common level, as from `trim_and_normalise`.
        classes: Class of every clip.
        config: Settings of the soundscape.
        rng: Random generator.
        sample_rate: Sample rate of the clips in Hz.
    """
    known = np.asarray(classes)
    pair = rng.choice(np.unique(known), size=2, replace=False)
    pieces = []
    for one in pair:
        clip = clips[int(rng.choice(np.flatnonzero(known == one)))]
        gain = np.float32(10 ** (rng.uniform(*config.level_range_db) / 20))
        pieces.append(gain * cut_piece(clip, config.piece_range_s, rng, sample_rate=sample_rate))
    n_samples = round(config.duration_s * sample_rate)
    n_free = n_samples - sum(map(len, pieces))
    before, until = np.sort(rng.integers(n_free + 1, size=2))
    onsets = (int(before), int(until) + len(pieces[0]))
    noise_db = LEVEL_DB + rng.uniform(*config.noise_range_db)
    waveform = np.float32(10 ** (noise_db / 20)) * coloured_noise(n_samples, rng)
    spans = tuple((onset, onset + len(piece)) for onset, piece in zip(onsets, pieces, strict=True))
    for (onset, offset), piece in zip(spans, pieces, strict=True):
        waveform[onset:offset] += piece
    return Soundscape(waveform, (int(pair[0]), int(pair[1])), (spans[0], spans[1]))


def order_targets(first: int, second: int, n_classes: int) -> Array:
    """Targets `(2 * n_classes,)`: "first: <class>" for each class, then "second: <class>".

    Examples:
        >>> order_targets(2, 0, 3).tolist()
        [0.0, 0.0, 1.0, 1.0, 0.0, 0.0]
    """
    targets = np.zeros(2 * n_classes, np.float32)
    targets[[first, n_classes + second]] = 1
    return targets


def trim_and_normalise(waveform: Array, *, sample_rate: int) -> Array:
    """Trim a clip from its first to its last active frame, and set its active frames to `LEVEL_DB`."""
    power = _frame_power(waveform, sample_rate)
    active = np.flatnonzero(_is_active(power))
    n_frame = round(_FRAME_S * sample_rate)
    gain = 10 ** (LEVEL_DB / 20) / np.sqrt(power[active].mean())
    return np.float32(gain) * waveform[active[0] * n_frame : (active[-1] + 1) * n_frame]


def cut_piece(
    waveform: Array, piece_range_s: tuple[float, float], rng: np.random.Generator, *, sample_rate: int
) -> Array:
    """Cut a piece of random length that begins in an active frame, with short fades."""
    n_wanted = round(rng.uniform(*piece_range_s) * sample_rate)
    starts = np.flatnonzero(_is_active(_frame_power(waveform, sample_rate))) * round(_FRAME_S * sample_rate)
    possible = starts[starts + n_wanted <= len(waveform)]
    start = int(rng.choice(possible)) if len(possible) else 0
    piece = waveform[start : start + n_wanted].copy()
    n_fade = min(round(_FADE_S * sample_rate), len(piece) // 2)
    fade = np.linspace(0, 1, n_fade, dtype=np.float32)
    piece[:n_fade] *= fade
    piece[len(piece) - n_fade :] *= fade[::-1]
    return piece


def coloured_noise(n_samples: int, rng: np.random.Generator) -> Array:
    """Noise with a random spectral slope, from white to brown; its root mean square is 1."""
    spectrum = np.fft.rfft(rng.standard_normal(n_samples, dtype=np.float32))
    spectrum /= np.arange(1, len(spectrum) + 1) ** (rng.uniform(0, 2) / 2)
    noise = np.fft.irfft(spectrum, n_samples)
    return np.asarray(noise / np.sqrt(np.square(noise).mean()), np.float32)


def _frame_power(waveform: Array, sample_rate: int) -> npt.NDArray[np.float64]:
    n_frame = round(_FRAME_S * sample_rate)
    frames = waveform[: len(waveform) // n_frame * n_frame].reshape(-1, n_frame)
    power: npt.NDArray[np.float64] = np.square(frames, dtype=np.float64).mean(axis=1)
    return power


def _is_active(power: npt.NDArray[np.float64]) -> npt.NDArray[np.bool_]:
    is_active: npt.NDArray[np.bool_] = power > power.max() * 10 ** (-_PAUSE_DB / 10)
    return is_active
