"""Reader of sound in memory: `(array, sample_rate)`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from panns.audio.decoding.declared_length import DeclaredLength
from panns.audio.decoding.mono_mixer import MonoMixer
from panns.audio.decoding.reader import block_frames
from panns.audio.decoding.samples import Samples, Waveform, to_float32
from panns.audio.limits import check_header
from panns.clock.stated_time import StatedTime
from panns.errors import AudioDecodeError

ARRAY_NAME = "<array>"


class ArrayReader:
    """Reader of an array `(samples,)` or `(samples, channels)`."""

    def __init__(self, pair: tuple[Any, ...]) -> None:
        if len(pair) != 2:
            raise TypeError(f"expected (array, sample_rate), got a tuple of {len(pair)}; give (array, sample_rate)")
        array, rate = pair
        if np.ndim(array) == 0 and np.ndim(rate) > 0:  # the order that scipy.io.wavfile.read returns
            raise TypeError("(sample_rate, array) is the wrong way round; give (array, sample_rate)")
        self.sample_rate = _whole_rate(rate)
        samples = np.asarray(array)
        self._samples = _as_frames(samples)
        self.n_channels = self._samples.shape[1]
        self.is_float = samples.dtype.kind == "f"
        self.n_bytes = samples.nbytes
        check_header(ARRAY_NAME, self.sample_rate, self.n_channels)
        to_float32(samples[:0])  # refuses an unusable type before reading
        self.declared = DeclaredLength(len(self._samples) / self.sample_rate)
        self.stated_times: tuple[StatedTime, ...] = ()
        self.losses: list[str] = []

    def blocks(self) -> Iterator[Waveform]:
        """Yield mono blocks, each a copy, so that changing one does not change the array."""
        step = block_frames(self.n_channels)
        mixer = MonoMixer(self.sample_rate)
        for start in range(0, len(self._samples), step):
            block = mixer.mix(to_float32(self._samples[start : start + step]))
            yield block.copy() if np.shares_memory(block, self._samples) else block
        self.losses = mixer.describe_losses()

    def rewind(self) -> None:
        """Do nothing; `blocks` starts from the beginning each time."""

    def close(self) -> None:
        """Do nothing; an array has no file to close."""


def _whole_rate(rate: object) -> int:
    if isinstance(rate, bool | np.bool_) or not isinstance(rate, int | float | np.integer | np.floating):
        raise TypeError(f"sample_rate={rate!r} must be a number of Hz, as in (array, 44_100)")
    if not float(rate).is_integer():
        raise ValueError(f"sample_rate={rate!r} must be a whole number of Hz, as in (array, 44_100)")
    return int(rate)


def _as_frames(samples: Samples) -> Samples:
    if samples.ndim not in (1, 2):
        raise AudioDecodeError(
            f"{ARRAY_NAME}: shape {samples.shape} has {samples.ndim} dimensions; "
            f"give (samples,) or (samples, channels), one sound at a time"
        )
    if not samples.size:
        raise AudioDecodeError(f"{ARRAY_NAME}: shape {samples.shape} is empty; give at least one sample")
    if samples.ndim == 1:
        return samples[:, np.newaxis]
    if samples.shape[1] > samples.shape[0]:
        raise AudioDecodeError(
            f"{ARRAY_NAME}: shape {samples.shape} has more channels than samples; "
            f"arrays are (samples, channels), so transpose it with .T if they are the other way round"
        )
    return samples
