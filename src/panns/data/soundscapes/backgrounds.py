"""Backgrounds of soundscapes: synthetic noise, or stretches of recordings."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple, Protocol

import numpy as np

from panns.audio.sound_files import find_sound_files
from panns.data.clip_lists import ClipList, read_clip_list
from panns.data.clips.audio import load_clip
from panns.data.clips.clip import Clip
from panns.data.clips.sound_file import open_clip_file
from panns.data.clips.stretches import StretchReader
from panns.errors import DataError
from panns.system.arrays import Array

# (n_samples, exponent, sample_rate, rng) -> waveform, such as `panns.augment.noise.coloured_noise`.
NoiseMaker = Callable[[int, float, int, np.random.Generator], Array]

_CROSSFADE_S = 0.25
_SPARE_S = 0.01  # rounding and resampling may lose a sample each
_SILENT_POWER = 1e-10  # 10 dB below the lowest of 16 bits
_N_ATTEMPTS = 20  # draws of a stretch that is not silent


class Background(NamedTuple):
    """A background.

    Attributes:
        waveform: `(samples,)`, at any level but not silent.
        recording: The recording it was cut from; None for synthetic noise.
        onset_s: Start of the background in the recording, in seconds.
    """

    waveform: Array
    recording: Clip | None = None
    onset_s: float = 0.0


class Backgrounds(Protocol):
    """Supply of backgrounds."""

    def draw(self, n_samples: int, noise_exponent: float, sample_rate: int, rng: np.random.Generator) -> Background:
        """Draw a background of `n_samples`; synthetic noise falls with frequency as 1/f^`noise_exponent`."""
        ...


class NoiseBackgrounds:
    """Backgrounds of synthetic noise.

    Args:
        make_noise: Function that makes the noise.
    """

    def __init__(self, make_noise: NoiseMaker) -> None:
        self._make_noise = make_noise

    def draw(self, n_samples: int, noise_exponent: float, sample_rate: int, rng: np.random.Generator) -> Background:
        """Draw noise of `n_samples`."""
        return Background(self._make_noise(n_samples, noise_exponent, sample_rate, rng))


class RecordedBackgrounds:
    """Backgrounds cut from recordings at random places; a recording that is too short is looped.

    Only the stretch is held in memory. The first draw of a recording decodes it once to measure its duration.

    Args:
        recordings: The recordings; their labels are ignored.

    Raises:
        DataError: The list is empty.
    """

    def __init__(self, recordings: ClipList) -> None:
        if not recordings.clips:
            raise DataError("the list of background recordings is empty; give at least one")
        self._recordings = recordings
        self._durations_s: dict[int, float] = {}

    def draw(self, n_samples: int, noise_exponent: float, sample_rate: int, rng: np.random.Generator) -> Background:  # noqa: ARG002 - for noise
        """Draw a stretch of a recording.

        Raises:
            AudioDecodeError: A recording is unreadable.
            DataError: All draws were silent.
        """
        for _ in range(_N_ATTEMPTS):
            i = int(rng.integers(len(self._recordings.clips)))
            spare_s = self._duration_s(i) - n_samples / sample_rate
            onset_s = round(float(rng.uniform(0, max(spare_s, 0.0))), 3)
            loop_place = float(rng.random())
            waveform = self._read(i, onset_s, n_samples, sample_rate)
            if len(waveform) < n_samples:
                first = int(loop_place * len(waveform)) if spare_s < 0 else 0
                onset_s += first / sample_rate
                waveform = loop(waveform, n_samples, n_fade=round(_CROSSFADE_S * sample_rate), first=first)
            if np.square(waveform, dtype=np.float64).mean() >= _SILENT_POWER:
                return Background(waveform, self._recordings.clips[i], onset_s)
        silent = self._recordings.file(self._recordings.clips[i])
        raise DataError(f"{silent} is silent, like the {_N_ATTEMPTS - 1} draws before; remove silent recordings")

    def _duration_s(self, i: int) -> float:
        if i not in self._durations_s:
            clip = self._recordings.clips[i]
            end_s = clip.offset_s
            if end_s is None:
                with open_clip_file(self._recordings.file(clip), sample_rate=None) as sound:
                    end_s = sum(len(block) for block in sound) / sound.sample_rate
            self._durations_s[i] = end_s - (clip.onset_s or 0.0)
        return self._durations_s[i]

    def _read(self, i: int, onset_s: float, n_samples: int, sample_rate: int) -> Array:
        """Read `n_samples` of a recording from `onset_s` on, or fewer at its end."""
        clip = self._recordings.clips[i]
        begin_s = clip.onset_s or 0.0
        end_s = min(onset_s + n_samples / sample_rate + _SPARE_S, self._duration_s(i))
        stretch = Clip(clip.path, onset_s=begin_s + onset_s, offset_s=begin_s + end_s)
        with StretchReader() as stretches:
            return load_clip(self._recordings.file(clip), stretch, sample_rate, stretches)[:n_samples]


def read_recordings(path: Path) -> ClipList:
    """Find recordings: those of a clip list, or all sounds in a folder and below.

    Raises:
        DataError: The list or the folder has no sounds, or cannot be read.
    """
    if not path.is_dir():
        return read_clip_list(path)
    closed: list[OSError] = []
    files = sorted(find_sound_files(str(path), on_error=closed.append))
    if closed:
        raise DataError(f"{closed[0].filename} cannot be opened ({closed[0].strerror}); check its permissions")
    if not files:
        raise DataError(f"the folder {path} holds no sounds; give a folder of recordings, or a clip list")
    return ClipList(path, tuple(Clip(os.path.relpath(file, path)) for file in files))


def loop(waveform: Array, n_samples: int, *, n_fade: int, first: int = 0) -> Array:
    """Loop a sound without a seam: its end fades into its beginning.

    Args:
        waveform: `(samples,)`, at least one sample.
        n_samples: Length of the result.
        n_fade: Length of the fade in samples; at most half of the sound.
        first: Sample to begin with.

    Examples:
        >>> loop(np.arange(3, dtype=np.float32), 7, n_fade=0, first=1)
        array([1., 2., 0., 1., 2., 0., 1.], dtype=float32)
    """
    n_fade = min(n_fade, len(waveform) // 2)
    turn = waveform[: len(waveform) - n_fade].copy()
    if n_fade:
        # End and beginning are uncorrelated, so their powers add; a sine and cosine fade keeps the sum constant.
        angle = ((np.arange(n_fade) + 0.5) / n_fade * np.pi / 2).astype(np.float32)
        turn[:n_fade] = turn[:n_fade] * np.sin(angle) + waveform[-n_fade:] * np.cos(angle)
    return np.take(turn, np.arange(first, first + n_samples), mode="wrap")
