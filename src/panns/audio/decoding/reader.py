"""Interface of the readers: mono blocks at the sample rate of the source."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol

from panns.audio.decoding.declared_length import DeclaredLength
from panns.audio.decoding.samples import Waveform

# About 1.5 s at 44.1 kHz: large enough to hide Python's overhead, small enough for a core's cache.
BLOCK_SAMPLES = 2**16
# Samples times channels in a block, so that 1,024 channels take as little memory as 8.
_BLOCK_VALUES = 2**19

# Bytes read between two pieces of sound: more than any packet, even of uncompressed 4K video (25 MB), but far less than
# the zeros that follow a download into preallocated space. FFmpeg would collect them all in memory.
MAX_SEARCH_BYTES = 32 * 2**20


class Undecodable(Exception):
    """A decoder cannot open the input or continue with it. Another decoder may be able to."""


class Reader(Protocol):
    """One opened source.

    Attributes:
        sample_rate: Sample rate of the blocks, in Hz.
        n_channels: Number of channels mixed into each block.
        is_float: True if the source stores floats, which may exceed full scale.
        declared: Length declared in the header of the source.
        tags: Texts that describe the source, such as `comment` and `creation_time`.
        losses: Sentences about the parts that could not be decoded, complete after `blocks` has ended.
    """

    sample_rate: int
    n_channels: int
    is_float: bool
    declared: DeclaredLength
    tags: dict[str, str]
    losses: list[str]

    def blocks(self) -> Iterator[Waveform]:
        """Yield mono blocks from start to end, once. Raises `Undecodable` where the decoder gives up."""
        ...

    def close(self) -> None:
        """Close the decoder and its input."""
        ...


def block_frames(n_channels: int) -> int:
    """Number of sample frames to read at once, for a number of channels."""
    return min(BLOCK_SAMPLES, max(_BLOCK_VALUES // n_channels, 1))
