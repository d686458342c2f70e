"""Declared length of WAV, RF64, Wave64 and AVI."""

from __future__ import annotations

import math
import struct
from dataclasses import dataclass

from panns.audio.decoding.declared_length import MAX_CHUNKS, DeclaredLength, is_open_end, iterate_chunks
from panns.audio.decoding.source import SeekableInput


def read_wav(source: SeekableInput, offset: int) -> DeclaredLength:
    """WAV and RF64: the size of the samples."""
    order = ">" if source.read_at(offset, 4) == b"RIFX" else "<"
    coding = _Coding()
    n_bytes_64 = 0
    for name, size, start in iterate_chunks(source, offset + 12, order + "4sI"):
        if name == b"ds64":
            n_bytes_64 = struct.unpack("<Q", source.read_at(start + 8, 8))[0]
        elif name == b"fmt ":
            coding = _Coding(*struct.unpack(order + "H2xIIH", source.read_at(start, 14)))
        elif name == b"data":
            n_bytes = n_bytes_64 if size == 2**32 - 1 and n_bytes_64 else size
            n_present = source.n_bytes - start
            # Recorders that continue beyond 4 GiB leave the size modulo 2^32.
            is_wrapped = n_present - n_bytes >= 2**32 - 1 and (n_present - n_bytes) % 2**32 < 2**16
            if n_bytes < 2**32 and (not n_bytes or is_open_end(n_bytes) or is_wrapped):
                # Both decoders read this size as "to the end"; libsndfile accepts no other value.
                source.patch(start - 4, b"\xff\xff\xff\xff")
                break
            return coding.declare(n_bytes, n_present)
    return DeclaredLength()


def read_w64(source: SeekableInput, offset: int) -> DeclaredLength:
    """Wave64: the size of the samples."""
    coding = _Coding()
    offset += 40
    for _ in range(MAX_CHUNKS):
        name, size = struct.unpack("<4s12xQ", source.read_at(offset, 24))
        if name == b"fmt ":
            coding = _Coding(*struct.unpack("<H2xIIH", source.read_at(offset + 24, 14)))
        elif name == b"data" and 24 < size < 2**62:
            return coding.declare(size - 24, source.n_bytes - offset - 24)
        if size < 24:
            break
        offset += size + 7 & ~7
    return DeclaredLength()


@dataclass(frozen=True)
class _Coding:
    """The `fmt` chunk of a WAV or Wave64."""

    tag: int = 0
    sample_rate: int = 0
    byte_rate: int = 0
    block_align: int = 0

    def declare(self, n_bytes: int, n_present: int) -> DeclaredLength:
        # Integers, floats, A-law, mu-law and 'extensible': every frame has the same size.
        if self.tag in (1, 3, 6, 7, 0xFFFE):
            return DeclaredLength(n_bytes / (self.block_align * self.sample_rate))
        # The frame count of a compressed WAV (`fact`) is wrong in files of libsndfile, so the bytes decide.
        return DeclaredLength(n_bytes / self.byte_rate, tolerance_s=0.1 if n_present < n_bytes else math.inf)


def read_avi(source: SeekableInput, offset: int) -> DeclaredLength:
    """AVI: the size of the file."""
    size = struct.unpack("<I", source.read_at(offset + 4, 4))[0]
    # FFmpeg scales the length in the header to the bytes present, so the missing duration is unknown.
    return DeclaredLength(is_cut=not is_open_end(size) and offset + 8 + size > source.n_bytes)
