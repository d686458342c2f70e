"""WAV that arrives through a pipe: its header, then samples as they come, without an end."""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator
from typing import NamedTuple

import numpy as np

from panns.audio.decoding.samples import Samples, Waveform, to_float32
from panns.audio.limits import check_header
from panns.errors import AudioDecodeError

Read = Callable[[int], bytes]
"""Reads at least one byte and at most as many as asked for; none at the end."""

_PCM, _FLOAT, _EXTENSIBLE = 1, 3, 0xFFFE
# Programs that cannot seek write a size of 0, or one close to the largest signed or unsigned number.
_SMALLEST_UNKNOWN_BYTES = 0x7FFF_0000
# Chunks before the samples are small, unless the header is damaged.
_MAX_CHUNK_BYTES = 2**20
_DTYPES = {(_PCM, 8): "u1", (_PCM, 16): "<i2", (_PCM, 32): "<i4", (_FLOAT, 32): "<f4", (_FLOAT, 64): "<f8"}
_READ_BYTES = 2**16


class WavHeader(NamedTuple):
    """Format of the samples.

    Attributes:
        code: Number of the format, 1 for integers and 3 for floats.
        n_bits: Bits of a sample.
        n_channels: Number of channels.
        sample_rate: Sample rate, in Hz.
        n_bytes: Bytes of all samples; None if unknown.
    """

    code: int
    n_bits: int
    n_channels: int
    sample_rate: int
    n_bytes: int | None

    @property
    def frame_bytes(self) -> int:
        """Bytes of a sample of every channel."""
        return self.n_bits // 8 * self.n_channels


def read_wav_header(read: Read, name: str) -> WavHeader:
    """Read the header from its first chunk, after `WAVE`, to the first sample.

    Args:
        read: Reads the following bytes.
        name: Name in messages.

    Raises:
        AudioDecodeError: The header is damaged, or its format is neither integers nor floats.
    """
    layout = b""
    while True:
        kind, size = struct.unpack("<4sI", _read_exactly(8, read, name))
        if kind == b"data":
            break
        if size > _MAX_CHUNK_BYTES:
            raise AudioDecodeError(f"{name}: a chunk of {size:,} bytes precedes the samples, so the header is damaged")
        chunk = _read_exactly(size + size % 2, read, name)
        layout = chunk if kind == b"fmt " else layout
    if len(layout) < 16:
        raise AudioDecodeError(f"{name}: the format is missing in the WAV header; send a complete header first")
    code, n_channels, sample_rate, _, _, n_bits = struct.unpack("<HHIIHH", layout[:16])
    if code == _EXTENSIBLE and len(layout) >= 26:
        code = struct.unpack("<H", layout[24:26])[0]
    check_header(name, sample_rate, n_channels)
    if (code, n_bits) not in _DTYPES and (code, n_bits) != (_PCM, 24):
        raise AudioDecodeError(
            f"{name}: WAV of format {code} with {n_bits} bits cannot be read from a pipe; send integers of 8 to 32 "
            "bits or floats, such as those of `ffmpeg -i INPUT -f wav -`"
        )
    is_known = 0 < size < _SMALLEST_UNKNOWN_BYTES
    return WavHeader(code, n_bits, n_channels, sample_rate, size if is_known else None)


def read_wav_samples(header: WavHeader, read: Read) -> Iterator[Waveform]:
    """Yield samples `(samples, channels)` as they arrive, until the declared or the actual end."""
    rest, n_left = b"", header.n_bytes
    while n_left is None or n_left > 0:
        data = read(_READ_BYTES if n_left is None else min(_READ_BYTES, n_left))
        if not data:
            return
        if n_left is not None:
            n_left -= len(data)
        data = rest + data
        n_whole = len(data) // header.frame_bytes * header.frame_bytes
        rest = data[n_whole:]
        if n_whole:
            yield to_float32(_unpack(data[:n_whole], header)).reshape(-1, header.n_channels)


def _unpack(data: bytes, header: WavHeader) -> Samples:
    if header.n_bits != 24:
        return np.frombuffer(data, _DTYPES[header.code, header.n_bits])
    triples = np.frombuffer(data, np.uint8).reshape(-1, 3)
    samples = np.zeros((len(triples), 4), np.uint8)
    samples[:, 1:] = triples
    return samples.view("<i4")[:, 0]


def _read_exactly(n_bytes: int, read: Read, name: str) -> bytes:
    data = b""
    while len(data) < n_bytes:
        piece = read(n_bytes - len(data))
        if not piece:
            raise AudioDecodeError(f"{name}: ends within the WAV header; send a complete header first")
        data += piece
    return data
