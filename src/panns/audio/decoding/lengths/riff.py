"""Declared length of WAV, RF64, Wave64 and AVI."""

from __future__ import annotations

import math
import struct
from dataclasses import replace
from itertools import pairwise

from panns.audio.decoding.declared_length import MAX_CHUNKS, DeclaredLength, is_open_end, iterate_chunks
from panns.audio.decoding.lengths.wav_rest import (
    WavCoding,
    continues_sound,
    find_chunks,
    is_long,
    may_be_sound,
)
from panns.audio.decoding.source import SeekableInput


def read_wav(source: SeekableInput, offset: int) -> DeclaredLength:
    """WAV and RF64: the size of the samples, which is corrected if more of them follow."""
    order = ">" if source.read_at(offset, 4) == b"RIFX" else "<"
    coding = WavCoding()
    sizes_64: int | None = None
    for name, size, start in iterate_chunks(source, offset + 12, order + "4sI"):
        if name == b"ds64":
            sizes_64 = start
        elif name == b"fmt ":
            coding = _read_coding(source, start, order)
        elif name == b"data":
            n_bytes = size
            if size == 2**32 - 1 and sizes_64 is not None:
                n_bytes = struct.unpack("<Q", source.read_at(sizes_64 + 8, 8))[0] or size
            n_present = source.n_bytes - start
            # Recorders that continue beyond 4 GiB leave the size modulo 2^32.
            is_wrapped = n_present - n_bytes >= 2**32 - 1 and (n_present - n_bytes) % 2**32 < 2**16
            if n_bytes < 2**32 and (not n_bytes or is_open_end(n_bytes) or is_wrapped):
                return _read_to_the_end(source, coding, start, is_empty=not n_bytes)
            if n_bytes >= n_present or not coding.is_plain:
                return _declare(coding, n_bytes, n_present)
            return _read_rest(source, coding, start, n_bytes, sizes_64)
    return DeclaredLength()


def _read_coding(source: SeekableInput, start: int, order: str) -> WavCoding:
    tag, n_channels, rate, byte_rate, block_align = struct.unpack(order + "HHIIH", source.read_at(start, 14))
    coding = WavCoding(tag, n_channels, rate, byte_rate, block_align, order)
    if coding.tag == 0xFFFE:  # the subformat begins with the tag that counts
        floats = struct.unpack(order + "H", source.read_at(start + 24, 2))[0]
        return replace(coding, tag=floats) if floats in (1, 3, 6, 7) else coding
    return coding


def _declare(coding: WavCoding, n_bytes: int, n_present: int) -> DeclaredLength:
    if coding.is_plain:
        return DeclaredLength(n_bytes / (coding.block_align * coding.sample_rate))
    # The frame count of a compressed WAV (`fact`) is wrong in files of libsndfile, so the bytes decide.
    return DeclaredLength(n_bytes / coding.byte_rate, tolerance_s=0.1 if n_present < n_bytes else math.inf)


def _read_to_the_end(source: SeekableInput, coding: WavCoding, start: int, *, is_empty: bool) -> DeclaredLength:
    """Declare nothing, for a WAV of a writer to a pipe, and leave out what follows an empty one."""
    if is_empty and start < source.n_bytes:
        chunks = find_chunks(source, start, coding.order)
        if chunks is not None and any(name == b"data" for name, _, _ in chunks):
            return _join(source, coding, start, 0, chunks, None)
        if chunks or not may_be_sound(source, coding, start):
            source.remove(start, source.n_bytes)
            return DeclaredLength()
    # Both decoders read this size as "to the end"; libsndfile accepts no other value.
    source.patch(start - 4, b"\xff\xff\xff\xff")
    return DeclaredLength()


def _read_rest(
    source: SeekableInput, coding: WavCoding, start: int, n_bytes: int, sizes_64: int | None
) -> DeclaredLength:
    """Find the sound after the declared end: of more chunks, or of a recorder that did not update its header."""
    declared = _declare(coding, n_bytes, source.n_bytes - start)
    end = start + n_bytes
    chunks = find_chunks(source, end + (n_bytes & 1), coding.order)
    if chunks is None and n_bytes & 1:  # some writers leave out the padding
        chunks = find_chunks(source, end, coding.order)
    if chunks is not None:
        if any(name == b"data" for name, _, _ in chunks):
            return _join(source, coding, start, n_bytes, chunks, sizes_64)
        return declared
    if not is_long(source, coding, end):
        return declared
    end -= n_bytes % coding.block_align
    if not continues_sound(source, coding, start, end):
        return replace(
            declared,
            notes=(f"{source.n_bytes - end:,} bytes follow the sound and are not clearly sound; they are left out",),
        )
    n_all = (source.n_bytes - start) // coding.block_align * coding.block_align
    _patch_size(source, coding, start, n_all, sizes_64)
    duration_s = n_all / (coding.block_align * coding.sample_rate)
    note = f"the header declares {declared.duration_s:.2f} s, but {duration_s:.2f} s of sound are there; all are read"
    return DeclaredLength(duration_s, notes=(note,))


def _join(
    source: SeekableInput,
    coding: WavCoding,
    start: int,
    n_bytes: int,
    chunks: list[tuple[bytes, int, int]],
    sizes_64: int | None,
) -> DeclaredLength:
    """Join several chunks of sound to one."""
    parts = [(start, n_bytes), *((at, size) for name, at, size in chunks if name == b"data")]
    whole = [(at, size // coding.block_align * coding.block_align) for at, size in parts]
    for (at, size), (following, _) in reversed(list(pairwise(whole))):
        source.remove(at + size, following)
    n_all = sum(size for _, size in whole)
    _patch_size(source, coding, start, n_all, sizes_64)
    note = f"the sound is in {len(parts)} chunks; all are read"
    return DeclaredLength(n_all / (coding.block_align * coding.sample_rate), notes=(note,))


def _patch_size(source: SeekableInput, coding: WavCoding, start: int, n_bytes: int, sizes_64: int | None) -> None:
    if sizes_64 is not None:
        source.patch(sizes_64 + 8, struct.pack("<Q", n_bytes))
    if sizes_64 is None or source.read_at(start - 4, 4) != b"\xff\xff\xff\xff":
        source.patch(start - 4, struct.pack(coding.order + "I", min(n_bytes, 2**32 - 1)))


def read_w64(source: SeekableInput, offset: int) -> DeclaredLength:
    """Wave64: the size of the samples."""
    coding = WavCoding()
    offset += 40
    for _ in range(MAX_CHUNKS):
        name, size = struct.unpack("<4s12xQ", source.read_at(offset, 24))
        if name == b"fmt ":
            coding = _read_coding(source, offset + 24, "<")
        elif name == b"data" and 24 < size < 2**62:
            return _declare(coding, size - 24, source.n_bytes - offset - 24)
        if size < 24:
            break
        offset += size + 7 & ~7
    return DeclaredLength()


def read_avi(source: SeekableInput, offset: int) -> DeclaredLength:
    """AVI: the size of the file."""
    size = struct.unpack("<I", source.read_at(offset + 4, 4))[0]
    # FFmpeg scales the length in the header to the bytes present, so the missing duration is unknown.
    return DeclaredLength(is_cut=not is_open_end(size) and offset + 8 + size > source.n_bytes)
