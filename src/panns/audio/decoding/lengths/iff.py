"""Declared length of AIFF, 8SVX and CAF."""

from __future__ import annotations

import struct

from panns.audio.decoding.declared_length import DeclaredLength, is_open_end, iterate_chunks
from panns.audio.decoding.source import SeekableInput

_PLAIN_AIFC = (
    b"NONE",
    b"twos",
    b"sowt",
    b"raw ",
    b"in24",
    b"in32",
    b"fl32",
    b"FL32",
    b"fl64",
    b"FL64",
    b"alaw",
    b"ulaw",
)


def read_aiff(source: SeekableInput, offset: int) -> DeclaredLength:
    """AIFF and AIFF-C: the number of frames, or the size of compressed ones."""
    declared = DeclaredLength()
    for name, size, start in iterate_chunks(source, offset + 12, ">4sI"):
        if name == b"COMM":
            _, n_frames, _, exponent, mantissa = struct.unpack(">hIhHQ", source.read_at(start, 18))
            # The rate is an 80-bit float.
            rate = mantissa * 2.0 ** ((exponent & 0x7FFF) - 16383 - 63) if exponent & 0x7FFF < 16383 + 64 else 0.0
            # Compressed AIFF-C counts packets, not frames.
            is_plain = source.read_at(offset + 8, 4) == b"AIFF" or source.read_at(start + 18, 4) in _PLAIN_AIFC
            if is_plain and n_frames and not is_open_end(n_frames):
                return DeclaredLength(n_frames / rate)
        elif name == b"SSND":
            declared = DeclaredLength(is_cut=not is_open_end(size) and start + size > source.n_bytes)
    return declared


def read_svx(source: SeekableInput, offset: int) -> DeclaredLength:
    """8SVX and 16SV, of Amiga."""
    sample_bytes = 1 if source.read_at(offset + 8, 4) == b"8SVX" else 2
    rate, n_channels = 0, 1
    for name, size, start in iterate_chunks(source, offset + 12, ">4sI"):
        if name == b"VHDR":
            rate, coding = struct.unpack(">12xHxB", source.read_at(start, 16))
            rate = 0 if coding else rate
        elif name == b"CHAN":
            n_channels = 2 if struct.unpack(">I", source.read_at(start, 4))[0] == 6 else 1
        elif name == b"BODY":
            duration_s = size / (sample_bytes * n_channels * rate) if rate else None
            return DeclaredLength(duration_s, is_cut=start + size > source.n_bytes)
    return DeclaredLength()


def read_caf(source: SeekableInput, offset: int) -> DeclaredLength:
    """Core Audio: the size."""
    per_second = 0.0
    for name, size, start in iterate_chunks(source, offset + 8, ">4sq"):
        if name == b"desc":
            rate, coding, packet_bytes = struct.unpack(">d4s4xI", source.read_at(start, 20))
            per_second = rate * packet_bytes if coding in (b"lpcm", b"alaw", b"ulaw") else 0.0
        elif name == b"data":
            if size < 0:  # written to a pipe
                break
            # The data begin with a count of edits, 4 bytes.
            return DeclaredLength((size - 4) / per_second if per_second else None, is_cut=start + size > source.n_bytes)
    return DeclaredLength()
