"""Interface of live audio: blocks that arrive in real time."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol

import numpy as np

from panns.audio.decoding.samples import Waveform
from panns.audio.limits import MAX_PEAK

# Duration of a block: short beside the latency of a model, long beside the cost of a call.
BLOCK_S = 0.01
# Longest wait for an unplugged device or a lost connection, and the pauses between attempts to get it back.
GIVE_UP_S = 60.0
FIRST_PAUSE_S, LAST_PAUSE_S = 0.5, 8.0


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
