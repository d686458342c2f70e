"""Interface of live audio: blocks that arrive in real time."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol

from panns.audio.decoding.samples import Waveform

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
