"""What every decoder offers the stream: mono blocks at the rate they are stored in."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol

from panns.audio.decoding.declared_length import DeclaredLength
from panns.audio.decoding.samples import Waveform

# About 1.5 s at 44.1 kHz: large enough that Python's share vanishes, small enough to stay in a core's cache.
BLOCK_SAMPLES = 2**16
# Samples times channels in a block, so that 1,024 channels take no more memory than 8.
_BLOCK_VALUES = 2**19


class Undecodable(Exception):
    """A decoder cannot open the input, or cannot go on in it; another one may."""


class Reader(Protocol):
    """One opened source.

    Attributes:
        sample_rate: Of the blocks.
        n_channels: That were mixed into each of the blocks.
        declared: What the source says of its own length.
        losses: Sentences on what could not be decoded, complete when `blocks` has ended.
    """

    sample_rate: int
    n_channels: int
    declared: DeclaredLength
    losses: list[str]

    def blocks(self) -> Iterator[Waveform]:
        """Mono blocks from the start to the end, once; raises `Undecodable` where a decoder gives up."""
        ...

    def close(self) -> None:
        """Give back what was opened."""
        ...


def block_frames(n_channels: int) -> int:
    """How many frames of so many channels to read at once."""
    return min(BLOCK_SAMPLES, max(_BLOCK_VALUES // n_channels, 1))
