"""What sounds behind everything else in a soundscape: noise that is made, or a stretch of a recording."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple, Protocol

import numpy as np
import numpy.typing as npt

from panns.audio import open_sound
from panns.audio.sound_files import find_sound_files
from panns.data.clip_lists import ClipList, read_clip_list
from panns.data.clips.audio import load_clip
from panns.data.clips.clip import Clip
from panns.data.clips.stretches import StretchReader
from panns.errors import DataError

Array = npt.NDArray[np.float32]
# Samples, exponent, sample rate, chance: `panns.augment.noise.coloured_noise`, which `data` does not know.
NoiseMaker = Callable[[int, float, int, np.random.Generator], Array]

_CROSSFADE_S = 0.25
_SPARE_S = 0.01  # rounding and resampling may take a sample each
_SILENT_POWER = 1e-10  # 10 dB below the last of 16 bits
_ATTEMPTS = 20  # to find a stretch that sounds


class Background(NamedTuple):
    """A background.

    Attributes:
        waveform: `(samples,)`, of any level but silence.
        recording: What it was taken from; None for noise that was made.
        onset_s: Where in the recording it begins.
    """

    waveform: Array
    recording: Clip | None = None
    onset_s: float = 0.0


class Backgrounds(Protocol):
    """Where backgrounds come from."""

    def draw(self, n_samples: int, noise_exponent: float, sample_rate: int, rng: np.random.Generator) -> Background:
        """A background of that length; if it is made, of noise that falls as 1/f^`noise_exponent`."""
        ...


class NoiseBackgrounds:
    """Backgrounds of noise.

    Args:
        make: What makes it.
    """

    def __init__(self, make: NoiseMaker) -> None:
        self._make = make

    def draw(self, n_samples: int, noise_exponent: float, sample_rate: int, rng: np.random.Generator) -> Background:
        """Noise of that length."""
        return Background(self._make(n_samples, noise_exponent, sample_rate, rng))


class RecordedBackgrounds:
    """Stretches of recordings at random; of one that is too short all, over and over, from anywhere in it.

    No more than a stretch is held of any; how long a recording is becomes known by decoding it once, when it is drawn.

    Args:
        manifest: The recordings; what is labelled in them does not matter.

    Raises:
        DataError: There are none.
    """

    def __init__(self, manifest: ClipList) -> None:
        if not manifest.clips:
            raise DataError("there are no recordings for the background; give at least one")
        self._manifest = manifest
        self._durations_s: dict[int, float] = {}

    def draw(self, n_samples: int, noise_exponent: float, sample_rate: int, rng: np.random.Generator) -> Background:  # noqa: ARG002 - of noise that is made
        """A stretch of a recording.

        Raises:
            AudioDecodeError: One cannot be read.
            DataError: Only digital silence was found.
        """
        for _ in range(_ATTEMPTS):
            i = int(rng.integers(len(self._manifest.clips)))
            spare_s = self._duration_s(i) - n_samples / sample_rate
            onset_s = round(float(rng.uniform(0, max(spare_s, 0.0))), 3)
            place = float(rng.random())
            waveform = self._read(i, onset_s, n_samples, sample_rate)
            if len(waveform) < n_samples:
                first = int(place * len(waveform)) if spare_s < 0 else 0
                onset_s += first / sample_rate
                waveform = looped(waveform, n_samples, n_fade=round(_CROSSFADE_S * sample_rate), first=first)
            if np.square(waveform, dtype=np.float64).mean() >= _SILENT_POWER:
                return Background(waveform, self._manifest.clips[i], onset_s)
        silent = self._manifest.file(self._manifest.clips[i])
        raise DataError(f"{silent} is silent, as what was drawn before; leave silence out of the backgrounds")

    def _duration_s(self, i: int) -> float:
        if i not in self._durations_s:
            clip = self._manifest.clips[i]
            end_s = clip.offset_s
            if end_s is None:
                with open_sound(self._manifest.file(clip), sample_rate=None) as stream:
                    end_s = sum(len(block) for block in stream) / stream.sample_rate
            self._durations_s[i] = end_s - (clip.onset_s or 0.0)
        return self._durations_s[i]

    def _read(self, i: int, onset_s: float, n_samples: int, sample_rate: int) -> Array:
        """From there on so many samples, or as many as there are."""
        clip = self._manifest.clips[i]
        begin_s = clip.onset_s or 0.0
        end_s = min(onset_s + n_samples / sample_rate + _SPARE_S, self._duration_s(i))
        stretch = Clip(clip.path, onset_s=begin_s + onset_s, offset_s=begin_s + end_s)
        with StretchReader() as stretches:
            return load_clip(self._manifest.file(clip), stretch, sample_rate, stretches)[:n_samples]


def read_recordings(path: Path) -> ClipList:
    """The recordings that a manifest lists, or that lie in a folder and below it, whatever its folders are called.

    Raises:
        DataError: There are none.
    """
    if not path.is_dir():
        return read_clip_list(path)
    closed: list[OSError] = []
    files = sorted(find_sound_files(str(path), on_error=closed.append))
    if closed:
        raise DataError(f"{closed[0].filename}: may not be looked into ({closed[0].strerror}); check its permissions")
    if not files:
        raise DataError(f"{path} holds no sounds; give a folder of recordings, or a manifest")
    return ClipList(path, tuple(Clip(os.path.relpath(file, path)) for file in files))


def looped(waveform: Array, n_samples: int, *, n_fade: int, first: int = 0) -> Array:
    """A sound over and over, without a seam: its end fades into its beginning.

    Args:
        waveform: `(samples,)`, at least one.
        n_samples: How many are wanted.
        n_fade: Length of the fade; half of the sound at most.
        first: Where in the sound to begin.

    Example:
        >>> looped(np.arange(3, dtype=np.float32), 7, n_fade=0, first=1)
        array([1., 2., 0., 1., 2., 0., 1.], dtype=float32)
    """
    n_fade = min(n_fade, len(waveform) // 2)
    turn = waveform[: len(waveform) - n_fade].copy()
    if n_fade:
        # The two have nothing to do with each other, so their powers add up, and the sum of these is to stay.
        angle = ((np.arange(n_fade) + 0.5) / n_fade * np.pi / 2).astype(np.float32)
        turn[:n_fade] = turn[:n_fade] * np.sin(angle) + waveform[-n_fade:] * np.cos(angle)
    return np.take(turn, np.arange(first, first + n_samples), mode="wrap")
