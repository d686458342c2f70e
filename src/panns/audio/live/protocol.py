"""What sound that comes as time passes offers whoever listens to it, wherever it comes from."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol

from panns.audio.decoding.samples import Waveform

# What is heard at once: short beside the time that a model takes to be sure, long beside that of a call.
BLOCK_S = 0.01


class LiveSound(Protocol):
    """Sound as it comes: a microphone, a file played as if it were one, or anything alike.

    Attributes:
        sample_rate: Of the blocks.
    """

    @property
    def sample_rate(self) -> int:
        """Of the blocks, in Hz."""
        ...

    def __iter__(self) -> Iterator[Waveform]:
        """Mono blocks `(samples,)` as they come, until the sound ends."""
        ...
