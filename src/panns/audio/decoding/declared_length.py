"""Length of a sound as declared in its header, to find truncated files: decoders do not report them.

libsndfile and FFmpeg silently correct the length of a cut WAV, so this module reads the headers. FFmpeg supplies the
length of MP4, Matroska and similar containers.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from panns.audio.decoding.formats import AIFF, AU, AVI, CAF, FLAC, MP3, OGG, OPUS, W64, WAV, FileFormat
from panns.audio.decoding.source import SeekableInput

# Far above any real file; a hostile one could hold a chunk every 8 bytes.
_MAX_CHUNKS = 4096
# Writers to a pipe cannot seek back to fill in the size. They leave 0, or about 2^31 (sox, arecord) or 2^32 (ffmpeg).
_OPEN_ENDS = ((2**31 - 2**16, 2**31 + 2**16), (2**32 - 2**16, 2**32))


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


@dataclass(frozen=True)
class DeclaredLength:
    """Length of a sound as declared in its header.

    Attributes:
        duration_s: Declared duration in seconds; None if the header has none.
        tolerance_s: Seconds that a decoder may legitimately leave out: delay and padding of the encoder.
        is_cut: True if the end marker of the format is missing.
    """

    duration_s: float | None = None
    tolerance_s: float = 0.01
    is_cut: bool = False


def read_declared_length(source: SeekableInput, file_format: FileFormat, offset: int) -> DeclaredLength:
    """Read the declared length from the header at `offset`; an unreadable header declares nothing.

    A WAV without a size gets one patched into the input, so that decoders read it to its end.
    """
    reader = _READERS.get(file_format)
    if reader is None:
        return DeclaredLength()
    try:
        return reader(source, offset)
    except (struct.error, ZeroDivisionError, IndexError, OverflowError):
        return DeclaredLength()


def mp4_has_index(source: SeekableInput) -> bool:
    """Return True if an MP4 has its index, the `moov` box, at least in part. Decoding needs it."""
    offset = 0
    for _ in range(_MAX_CHUNKS):
        header = source.read_at(offset, 16)
        if len(header) < 8:
            break
        size, name = struct.unpack(">I4s", header[:8])
        if name == b"moov":
            return True
        if size == 1 and len(header) == 16:
            size = struct.unpack(">Q", header[8:])[0]
        if size < 8:  # 0: reaches to the end of the file
            break
        offset += size
    return False


def _wav(source: SeekableInput, offset: int) -> DeclaredLength:
    order = ">" if source.read_at(offset, 4) == b"RIFX" else "<"
    coding = _Coding()
    n_bytes_64 = 0
    for name, size, start in _chunks(source, offset + 12, order + "4sI"):
        if name == b"ds64":
            n_bytes_64 = struct.unpack("<Q", source.read_at(start + 8, 8))[0]
        elif name == b"fmt ":
            coding = _Coding(*struct.unpack(order + "H2xIIH", source.read_at(start, 14)))
        elif name == b"data":
            n_bytes = n_bytes_64 if size == 2**32 - 1 and n_bytes_64 else size
            n_present = source.n_bytes - start
            # Recorders that continue beyond 4 GiB leave the size modulo 2^32.
            is_wrapped = n_present - n_bytes >= 2**32 - 1 and (n_present - n_bytes) % 2**32 < 2**16
            if n_bytes < 2**32 and (not n_bytes or _is_open_end(n_bytes) or is_wrapped):
                # Both decoders read this size as "to the end"; libsndfile accepts no other value.
                source.patch(start - 4, b"\xff\xff\xff\xff")
                break
            return coding.declare(n_bytes, n_present)
    return DeclaredLength()


def _w64(source: SeekableInput, offset: int) -> DeclaredLength:
    coding = _Coding()
    offset += 40
    for _ in range(_MAX_CHUNKS):
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


def _caf(source: SeekableInput, offset: int) -> DeclaredLength:
    per_second = 0.0
    for name, size, start in _chunks(source, offset + 8, ">4sq"):
        if name == b"desc":
            rate, coding, packet_bytes = struct.unpack(">d4s4xI", source.read_at(start, 20))
            per_second = rate * packet_bytes if coding in (b"lpcm", b"alaw", b"ulaw") else 0.0
        elif name == b"data":
            if size < 0:  # written to a pipe
                break
            # The data begin with a count of edits, 4 bytes.
            return DeclaredLength((size - 4) / per_second if per_second else None, is_cut=start + size > source.n_bytes)
    return DeclaredLength()


def _aiff(source: SeekableInput, offset: int) -> DeclaredLength:
    for name, _, start in _chunks(source, offset + 12, ">4sI"):
        if name == b"COMM":
            _, n_frames, _, exponent, mantissa = struct.unpack(">hIhHQ", source.read_at(start, 18))
            # The rate is an 80-bit float.
            rate = mantissa * 2.0 ** ((exponent & 0x7FFF) - 16383 - 63) if exponent & 0x7FFF < 16383 + 64 else 0.0
            # Compressed AIFF-C counts packets, not frames.
            is_plain = source.read_at(offset + 8, 4) == b"AIFF" or source.read_at(start + 18, 4) in _PLAIN_AIFC
            is_known = is_plain and n_frames and not _is_open_end(n_frames)
            return DeclaredLength(n_frames / rate) if is_known else DeclaredLength()
    return DeclaredLength()


def _au(source: SeekableInput, offset: int) -> DeclaredLength:
    n_bytes, encoding, rate, n_channels = struct.unpack(">IIII", source.read_at(offset + 8, 16))
    sample_bytes = {1: 1, 2: 1, 3: 2, 4: 3, 5: 4, 6: 4, 7: 8, 27: 1}.get(encoding)
    if sample_bytes is None or not n_bytes or _is_open_end(n_bytes):
        return DeclaredLength()
    return DeclaredLength(n_bytes / (sample_bytes * n_channels * rate))


def _avi(source: SeekableInput, offset: int) -> DeclaredLength:
    size = struct.unpack("<I", source.read_at(offset + 4, 4))[0]
    # FFmpeg scales the length in the header to the bytes present, so the missing duration is unknown.
    return DeclaredLength(is_cut=not _is_open_end(size) and offset + 8 + size > source.n_bytes)


def _flac(source: SeekableInput, offset: int) -> DeclaredLength:
    # After 10 bytes of block sizes: sample rate (20 bits), channels (3), bits per sample (5), samples (36; 0: unknown).
    packed = struct.unpack(">Q", source.read_at(offset + 18, 8))[0]
    n_frames = packed & (1 << 36) - 1
    return DeclaredLength(n_frames / (packed >> 44)) if n_frames else DeclaredLength()


# MPEG audio versions 2.5, (reserved), 2, 1: sample rates, and samples in a frame of layer III.
_MPEG_RATES = ((11025, 12000, 8000), (), (22050, 24000, 16000), (44100, 48000, 32000))
_MPEG_FRAME = (576, 0, 576, 1152)


def _mp3(source: SeekableInput, offset: int) -> DeclaredLength:
    head = source.read_at(offset, 4096)
    start = head.find(b"\xff")
    while start >= 0 and not _is_layer3(head[start : start + 4]):
        start = head.find(b"\xff", start + 1)
    if start < 0:
        return DeclaredLength()
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
        return DeclaredLength()
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


def _ogg(source: SeekableInput, offset: int) -> DeclaredLength:
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
    return DeclaredLength(max(granule - skipped, 0) / rate, tolerance_s=0.1)


def _first_granule(head: bytes) -> int:
    """Return the granule position of the first page with a complete packet of sound; 0 without one near the start."""
    at = 0
    for _ in range(_MAX_CHUNKS):
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


def _chunks(source: SeekableInput, offset: int, layout: str) -> Iterator[tuple[bytes, int, int]]:
    """Yield name, size and start of every chunk of a RIFF, IFF or CAF file. RIFF and IFF pad chunks to even sizes."""
    n_header = struct.calcsize(layout)
    for _ in range(_MAX_CHUNKS):
        header = source.read_at(offset, n_header)
        if len(header) < n_header:
            return
        name, size = struct.unpack(layout, header)
        yield name, size, offset + n_header
        if size < 0:
            return
        offset += n_header + size + (size & 1 if n_header == 8 else 0)


def _is_open_end(size: int) -> bool:
    return any(low <= size <= high for low, high in _OPEN_ENDS)


_READERS: dict[FileFormat, Callable[[SeekableInput, int], DeclaredLength]] = {
    WAV: _wav,
    W64: _w64,
    AIFF: _aiff,
    AU: _au,
    AVI: _avi,
    CAF: _caf,
    FLAC: _flac,
    MP3: _mp3,
    OGG: _ogg,
    OPUS: _ogg,
}
