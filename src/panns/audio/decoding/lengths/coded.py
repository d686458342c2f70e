"""Declared length of FLAC, MP3 and Ogg."""

from __future__ import annotations

import struct

from panns.audio.decoding.declared_length import MAX_CHUNKS, DeclaredLength
from panns.audio.decoding.lengths.bare import ends_within_mpeg_audio
from panns.audio.decoding.source import SeekableInput


def read_flac(source: SeekableInput, offset: int) -> DeclaredLength:
    """FLAC: the number of frames."""
    # After 10 bytes of block sizes: sample rate (20 bits), channels (3), bits per sample (5), samples (36; 0: unknown).
    packed = struct.unpack(">Q", source.read_at(offset + 18, 8))[0]
    n_frames = packed & (1 << 36) - 1
    return DeclaredLength(n_frames / (packed >> 44)) if n_frames else DeclaredLength()


# MPEG audio versions 2.5, (reserved), 2, 1: sample rates, and samples in a frame of layer III.
_MPEG_RATES = ((11025, 12000, 8000), (), (22050, 24000, 16000), (44100, 48000, 32000))
_MPEG_FRAME = (576, 0, 576, 1152)


def read_mp3(source: SeekableInput, offset: int) -> DeclaredLength:
    """MP3: the number of frames in the index of the encoder, if there is one."""
    head = source.read_at(offset, 4096)
    start = head.find(b"\xff")
    while start >= 0 and not _is_layer3(head[start : start + 4]):
        start = head.find(b"\xff", start + 1)
    if start < 0:
        return ends_within_mpeg_audio(source)
    version = head[start + 1] >> 3 & 3
    rate = _MPEG_RATES[version][head[start + 2] >> 2 & 3]
    is_mono = head[start + 3] >> 6 == 3
    side_bytes = (17 if is_mono else 32) if version == 3 else (9 if is_mono else 17)
    xing = start + 4 + side_bytes
    n_mpeg_frames = 0
    if head[xing : xing + 4] in (b"Xing", b"Info"):
        flags, n_mpeg_frames = struct.unpack(">II", head[xing + 4 : xing + 12])
        n_mpeg_frames *= flags & 1
    elif head[start + 36 : start + 40] == b"VBRI":
        n_mpeg_frames = struct.unpack(">I", head[start + 50 : start + 54])[0]
    if not n_mpeg_frames:
        return ends_within_mpeg_audio(source)
    n_samples = n_mpeg_frames * _MPEG_FRAME[version]
    lame = head[xing + 120 : xing + 144]
    if lame[:4] in (b"LAME", b"Lavf", b"Lavc"):
        padding = int.from_bytes(lame[21:24], "big")
        n_samples -= (padding >> 12) + (padding & 0xFFF)
    return DeclaredLength(max(n_samples, 0) / rate, tolerance_s=0.1)


def _is_layer3(header: bytes) -> bool:
    return (
        len(header) == 4
        and header[1] & 0xE6 == 0xE2
        and header[1] >> 3 & 3 != 1
        and header[2] >> 2 & 3 != 3
        and header[2] >> 4 not in (0, 15)
    )


def read_ogg(source: SeekableInput, offset: int) -> DeclaredLength:
    """Read the granule position of the last page and its end-of-stream flag."""
    head = source.read_at(offset, 2**17)
    tail_start = max(source.n_bytes - 2**17, offset)
    tail = source.read_at(tail_start, 2**17)
    at = tail.rfind(b"OggS")
    if at < 0:
        return DeclaredLength(is_cut=True)
    flags, granule, serial = struct.unpack("<BqI", tail[at + 5 : at + 18]) if len(tail) >= at + 27 else (0, -1, None)
    is_whole = len(tail) >= at + 27 and len(tail) >= _page_end(tail, at)
    is_cut = not (flags & 4 and is_whole)
    first_serial = struct.unpack("<I", head[14:18])[0]
    if b"\x01vorbis" in head[:64]:
        identification = head.index(b"\x01vorbis")
        rate, skipped = struct.unpack("<I", head[identification + 12 : identification + 16])[0], 0
    elif b"OpusHead" in head[:64]:
        identification = head.index(b"OpusHead")
        rate, skipped = 48_000, struct.unpack("<H", head[identification + 10 : identification + 12])[0]
    else:
        return DeclaredLength(is_cut=is_cut)
    # Chained streams each count from 0; a recorded broadcast does not start at 0.
    if is_cut or granule <= 0 or serial != first_serial or _first_granule(head) > 10 * rate:
        return DeclaredLength(is_cut=is_cut)
    return DeclaredLength(max(granule - skipped, 0) / rate, tolerance_s=0.1, has_end=True)


def _first_granule(head: bytes) -> int:
    """Return the granule position of the first page with a complete packet of sound; 0 without one near the start."""
    at = 0
    for _ in range(MAX_CHUNKS):
        if head[at : at + 4] != b"OggS" or len(head) < at + 27:
            break
        granule: int = struct.unpack("<q", head[at + 6 : at + 14])[0]
        if granule > 0:
            return granule
        at = _page_end(head, at)
    return 0


def _page_end(data: bytes, at: int) -> int:
    n_segments = data[at + 26]
    return at + 27 + n_segments + sum(data[at + 27 : at + 27 + n_segments])
