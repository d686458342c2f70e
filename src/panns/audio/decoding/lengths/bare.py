"""End of bare streams, which declare no length: a file that was cut mostly ends within a frame."""

from __future__ import annotations

from collections.abc import Callable

from panns.audio.decoding.declared_length import DeclaredLength
from panns.audio.decoding.source import SeekableInput

# More than a few frames of any of these codecs: the longest, of E-AC-3, has 4 KiB.
_TAIL_BYTES = 2**15
# Frames that have to follow each other before their headers are believed.
_MIN_FRAMES = 3
_TS_PACKET_BYTES = 188

# Kilobits a second of MPEG-1 layers I to III and of MPEG-2 layers I and II/III; sample rates of MPEG 2.5, 2 and 1.
_KBIT = {
    (True, 1): (32, 64, 96, 128, 160, 192, 224, 256, 288, 320, 352, 384, 416, 448),
    (True, 2): (32, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384),
    (True, 3): (32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320),
    (False, 1): (32, 48, 56, 64, 80, 96, 112, 128, 144, 160, 176, 192, 224, 256),
    (False, 2): (8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
    (False, 3): (8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
}
_MPEG_RATES = ((11025, 12000, 8000), (), (22050, 24000, 16000), (44100, 48000, 32000))
# Kilobits a second of AC-3, and the bytes of a frame for each of them at 48, 44.1 and 32 kHz.
_AC3_KBIT = (32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384, 448, 512, 576, 640)


def read_aac(source: SeekableInput, offset: int) -> DeclaredLength:  # noqa: ARG001 - the end counts
    """AAC in ADTS frames."""
    return DeclaredLength(is_cut=_ends_within_frame(source, b"\xff", _adts_bytes))


def read_ac3(source: SeekableInput, offset: int) -> DeclaredLength:  # noqa: ARG001
    """AC-3 and E-AC-3."""
    return DeclaredLength(is_cut=_ends_within_frame(source, b"\x0bw", _ac3_bytes))


def read_mpeg_ts(source: SeekableInput, offset: int) -> DeclaredLength:
    """MPEG transport stream: packets of 188 bytes."""
    return DeclaredLength(is_cut=bool((source.n_bytes - offset) % _TS_PACKET_BYTES))


def ends_within_mpeg_audio(source: SeekableInput) -> DeclaredLength:
    """MPEG audio without an index."""
    return DeclaredLength(is_cut=_ends_within_frame(source, b"\xff", mpeg_frame_bytes))


def _ends_within_frame(source: SeekableInput, sync: bytes, frame_bytes: Callable[[bytes], int]) -> bool:
    """Return True if the last of at least three frames in a row reaches beyond the end of the file."""
    tail = source.read_at(max(source.n_bytes - _TAIL_BYTES, 0), _TAIL_BYTES)
    start = -1
    while (start := tail.find(sync, start + 1)) >= 0:
        at, n_frames = start, 0
        while n_bytes := frame_bytes(tail[at : at + 8]):
            at += n_bytes
            n_frames += 1
        if n_frames >= _MIN_FRAMES:
            return at > len(tail)
    return False


def _adts_bytes(header: bytes) -> int:
    if len(header) < 7 or header[0] != 0xFF or header[1] & 0xF6 != 0xF0:
        return 0
    return (header[3] & 3) << 11 | header[4] << 3 | header[5] >> 5


def _ac3_bytes(header: bytes) -> int:
    if len(header) < 6 or header[:2] != b"\x0bw":
        return 0
    if header[5] >> 3 > 10:  # E-AC-3
        return 2 * ((header[2] & 7) << 8 | header[3]) + 2
    rate, size = header[4] >> 6, header[4] & 63
    if rate == 3 or size >= 2 * len(_AC3_KBIT):
        return 0
    kbit = _AC3_KBIT[size // 2]
    if rate == 1:
        return 2 * (kbit * 96_000 // 44_100 + size % 2)
    return kbit * (4 if rate == 0 else 6)


def mpeg_frame_bytes(header: bytes) -> int:
    """Size of the frame of MPEG audio that begins with these bytes; 0 if none does."""
    if len(header) < 4 or header[0] != 0xFF or header[1] & 0xE0 != 0xE0:
        return 0
    version, layer = header[1] >> 3 & 3, 4 - (header[1] >> 1 & 3)
    kbit, rate, padding = header[2] >> 4, header[2] >> 2 & 3, header[2] >> 1 & 1
    if version == 1 or layer == 4 or kbit in (0, 15) or rate == 3:
        return 0
    bits, hz = 1000 * _KBIT[version == 3, layer][kbit - 1], _MPEG_RATES[version][rate]
    if layer == 1:
        return 4 * (12 * bits // hz + padding)
    n_samples = 576 if layer == 3 and version != 3 else 1152
    return n_samples // 8 * bits // hz + padding
