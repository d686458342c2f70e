"""Soundscapes of two sounds, one after the other, over quiet noise: what they are labelled with is which came first."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float32]

LEVEL_DB = -20.0  # root mean square of a clip where it sounds, against full scale
_FRAME_S = 0.02
_PAUSE_DB = 30.0  # what is further below the loudest frame is a pause or padding
_FADE_S = 0.01


@dataclass(frozen=True)
class SoundscapeConfig:
    """How soundscapes are mixed.

    Attributes:
        duration_s: Length of each.
        piece_range_s: Length of what is heard of a clip; clips that sound for a shorter time are heard whole.
        level_range_db: Of each of the two sounds.
        noise_range_db: Of the noise, against a sound at 0 dB.
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
    """One mixture and what is in it.

    Attributes:
        waveform: `(samples,)`.
        classes: Of the first sound and of the second.
        spans: First sample, and the one after the last, of each.
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
        clips: Waveforms of one level, as `trim_and_normalise` gives them.
        classes: The class of every clip.
        config: How.
        rng: Where chance comes from.
        sample_rate: Of the clips, in Hz.
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
    """What is to be answered, `(2 * n_classes,)`: "first: <class>" for each class, then "second: <class>".

    Example:
        >>> order_targets(2, 0, 3).tolist()
        [0.0, 0.0, 1.0, 1.0, 0.0, 0.0]
    """
    targets = np.zeros(2 * n_classes, np.float32)
    targets[[first, n_classes + second]] = 1
    return targets


def trim_and_normalise(waveform: Array, *, sample_rate: int) -> Array:
    """A clip cut to where it sounds, from its first frame that is no pause to its last, at `LEVEL_DB` there."""
    power = _frame_power(waveform, sample_rate)
    heard = np.flatnonzero(_is_heard(power))
    n_frame = round(_FRAME_S * sample_rate)
    gain = 10 ** (LEVEL_DB / 20) / np.sqrt(power[heard].mean())
    return np.float32(gain) * waveform[heard[0] * n_frame : (heard[-1] + 1) * n_frame]


def cut_piece(
    waveform: Array, piece_range_s: tuple[float, float], rng: np.random.Generator, *, sample_rate: int
) -> Array:
    """A stretch of random length that begins where something sounds, with short fades."""
    n_wanted = round(rng.uniform(*piece_range_s) * sample_rate)
    starts = np.flatnonzero(_is_heard(_frame_power(waveform, sample_rate))) * round(_FRAME_S * sample_rate)
    possible = starts[starts + n_wanted <= len(waveform)]
    start = int(rng.choice(possible)) if len(possible) else 0
    piece = waveform[start : start + n_wanted].copy()
    n_fade = min(round(_FADE_S * sample_rate), len(piece) // 2)
    fade = np.linspace(0, 1, n_fade, dtype=np.float32)
    piece[:n_fade] *= fade
    piece[len(piece) - n_fade :] *= fade[::-1]
    return piece


def coloured_noise(n_samples: int, rng: np.random.Generator) -> Array:
    """Noise whose power falls with a random power of frequency, from white to brown; its root mean square is 1."""
    spectrum = np.fft.rfft(rng.standard_normal(n_samples, dtype=np.float32))
    spectrum /= np.arange(1, len(spectrum) + 1) ** (rng.uniform(0, 2) / 2)
    noise = np.fft.irfft(spectrum, n_samples)
    return np.asarray(noise / np.sqrt(np.square(noise).mean()), np.float32)


def _frame_power(waveform: Array, sample_rate: int) -> npt.NDArray[np.float64]:
    n_frame = round(_FRAME_S * sample_rate)
    frames = waveform[: len(waveform) // n_frame * n_frame].reshape(-1, n_frame)
    power: npt.NDArray[np.float64] = np.square(frames, dtype=np.float64).mean(axis=1)
    return power


def _is_heard(power: npt.NDArray[np.float64]) -> npt.NDArray[np.bool_]:
    is_heard: npt.NDArray[np.bool_] = power > power.max() * 10 ** (-_PAUSE_DB / 10)
    return is_heard
