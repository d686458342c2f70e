"""Interface of live audio: blocks that arrive in real time."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol

import numpy as np

from panns.audio.decoding.samples import Waveform
from panns.audio.limits import MAX_PEAK

# Duration of a block: short beside the latency of a model, long beside the cost of a call.
BLOCK_S = 0.01


class LiveSound(Protocol):
    """Live audio: a microphone, a file played in real time, or your own source."""

    @property
    def sample_rate(self) -> int:
        """Sample rate of the blocks, in Hz."""
        ...

    def __iter__(self) -> Iterator[Waveform]:
        """Iterate over mono blocks `(samples,)` as they arrive, until the sound ends."""
        ...


def without_invalid(block: Waveform) -> Waveform:
    """The block itself if all its values can be audio, else a copy with zeros in place of the others.

    A broken driver or packet must not end hours of listening.
    """
    is_sound = np.abs(block) <= MAX_PEAK
    return block if is_sound.all() else np.where(is_sound, block, np.float32(0))


def silence(n_samples: int, sample_rate: int) -> Iterator[Waveform]:
    """Yield zeros in blocks of at most a second."""
    for start in range(0, n_samples, sample_rate):
        yield np.zeros(min(sample_rate, n_samples - start), np.float32)
