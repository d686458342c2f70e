"""File formats, detected by their first bytes, because names and extensions can be wrong."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

HEAD_BYTES = 4096

Decoder = Literal["soundfile", "media", "either", "none", "unsupported"]


@dataclass(frozen=True)
class FileFormat:
    """A file format and its decoder.

    Attributes:
        name: Name in messages.
        decoder: `soundfile`, `media` (PyAV only), `either`, `none` for files without audio, or `unsupported` for audio
            that is left undecoded.
        demuxer: FFmpeg's name of a bare stream, for files of so few frames that FFmpeg does not detect it.
    """

    name: str
    decoder: Decoder
    demuxer: str | None = None


WAV = FileFormat("WAV", "soundfile")
W64 = FileFormat("Wave64", "soundfile")
AIFF = FileFormat("AIFF", "soundfile")
AU = FileFormat("AU", "soundfile")
CAF = FileFormat("CAF", "soundfile")
AVI = FileFormat("AVI", "media")
FLAC = FileFormat("FLAC", "soundfile")
OGG = FileFormat("Ogg", "soundfile")
OPUS = FileFormat("Opus", "either")
MP3 = FileFormat("MP3", "soundfile", "mp3")
MP4 = FileFormat("MP4", "media")
MATROSKA = FileFormat("Matroska or WebM", "media")
AAC = FileFormat("AAC", "media", "aac")
LOAS = FileFormat("AAC in LOAS", "media", "loas")
AC3 = FileFormat("AC-3", "media", "ac3")
MPEG_TS = FileFormat("MPEG transport stream", "media")
NIST = FileFormat("NIST Sphere", "soundfile")
VOC = FileFormat("Creative Voice", "soundfile")
IRCAM = FileFormat("IRCAM", "soundfile")
MAT4 = FileFormat("MATLAB 4", "soundfile")
MAT5 = FileFormat("MATLAB 5", "soundfile")
PAF = FileFormat("Ensoniq PARIS", "soundfile")
PVF = FileFormat("Portable Voice", "soundfile")
AVR = FileFormat("Audio Visual Research", "soundfile")
SVX = FileFormat("8SVX", "soundfile")
MPC2K = FileFormat("Akai MPC 2000", "soundfile")
SOX = FileFormat("SoX", "media")
AST = FileFormat("AST", "media")
SWF = FileFormat("Flash", "media")
COMPRESSED_SWF = FileFormat("compressed Flash", "media")
REAL_MEDIA = FileFormat("RealMedia", "media")
REAL_AUDIO = FileFormat("RealAudio", "media")
UNKNOWN = FileFormat("unknown", "either")
PLAYLIST = FileFormat("a playlist of other files", "none")
TEXT = FileFormat("text", "none")

# The marker of the first version and those of four machines, in either byte order.
_IRCAM_MARKERS = {b"\x64\xa3" + bytes((machine, 0)) for machine in range(5)}
_IRCAM_MARKERS |= {marker[::-1] for marker in _IRCAM_MARKERS}
_W64_GUID = b"riff\x2e\x91\xcf\x11\xa5\xd6\x28\xdb\x04\xc1\x00\x00"
_BY_START: tuple[tuple[bytes, FileFormat], ...] = (
    (b"RF64", WAV),
    (b"RIFX", WAV),
    (_W64_GUID, W64),
    (b".snd", AU),
    (b"caff", CAF),
    (b"fLaC", FLAC),
    (b"\x1aE\xdf\xa3", MATROSKA),
    (b"0&\xb2u\x8ef\xcf\x11", FileFormat("ASF (WMA)", "media")),
    (b"#!AMR", FileFormat("AMR", "media")),
    (b"MAC ", FileFormat("Monkey's Audio", "media")),
    (b"wvpk", FileFormat("WavPack", "media")),
    (b"TTA1", FileFormat("True Audio", "media")),
    (b"FLV\x01", FileFormat("Flash video", "media")),
    (b"\x0bw", AC3),
    (b"\x7f\xfe\x80\x01", FileFormat("DTS", "media")),
    (b"DSD ", FileFormat("DSF", "media")),
    (b"NIST_1A", NIST),
    (b"Creative Voice File\x1a", VOC),
    (b"MATLAB 5.0 MAT-file", MAT5),
    (b" paf", PAF),
    (b"fap ", PAF),
    (b"PVF1\n", PVF),
    (b"2BIT", AVR),
    (b"\x01\x04", MPC2K),
    (b".SoX", SOX),
    (b"XoS.", SOX),
    (b"STRM", AST),
    (b"FWS", SWF),
    (b"CWS", COMPRESSED_SWF),
    (b".RMF", REAL_MEDIA),
    (b".ra\xfd", REAL_AUDIO),
    # Of these libsndfile answers damaged files, and of instruments the wrong rate. Nobody sends them as recordings.
    (b"\xf0\x7e", FileFormat("a MIDI sample dump", "unsupported")),
    (b"Extended Instrument:", FileFormat("a FastTracker instrument", "unsupported")),
    (b"ALawSoundFile**", FileFormat("a Psion recording", "unsupported")),
    (b"MThd", FileFormat("MIDI (notes, not audio)", "none")),
    (b"\x89PNG", FileFormat("a PNG image", "none")),
    (b"\xff\xd8\xff", FileFormat("a JPEG image", "none")),
    (b"GIF8", FileFormat("a GIF image", "none")),
    (b"BM", FileFormat("a BMP image", "none")),
    (b"II*\x00", FileFormat("a TIFF image", "none")),
    (b"MM\x00*", FileFormat("a TIFF image", "none")),
    (b"%PDF", FileFormat("a PDF document", "none")),
    (b"PK\x03\x04", FileFormat("a ZIP archive", "none")),
    (b"\x1f\x8b", FileFormat("gzip-compressed", "none")),
    (b"7z\xbc\xaf", FileFormat("a 7z archive", "none")),
    (b"\x7fELF", FileFormat("a program", "none")),
    (b"\x93NUMPY", FileFormat("a numpy file", "none")),
    (b"\x89HDF", FileFormat("an HDF5 file", "none")),
    (b"#EXTM3U", PLAYLIST),
    (b"ffconcat", PLAYLIST),
    (b"[playlist]", PLAYLIST),
)


def detect_format(head: bytes) -> FileFormat:
    """Detect the format of a file from its first bytes.

    Examples:
        >>> detect_format(b"fLaC" + bytes(38)).name
        'FLAC'
    """
    # A two-byte signature is too short to trust alone.
    if head[:2] == b"BM" and head[6:10] != bytes(4):
        return UNKNOWN
    for start, file_format in _BY_START:
        if head.startswith(start):
            return file_format
    if head.startswith(b"RIFF"):
        return {b"AVI ": AVI, b"WEBP": FileFormat("a WebP image", "none")}.get(head[8:12], WAV)
    if head.startswith(b"FORM"):
        return {b"AIFF": AIFF, b"AIFC": AIFF, b"8SVX": SVX, b"16SV": SVX}.get(head[8:12], UNKNOWN)
    if head[:4] in _IRCAM_MARKERS:
        return IRCAM
    if head[:4] in (bytes(4), b"\x00\x00\x03\xe8") and head[20:31] == b"samplerate\0":
        return MAT4
    if head.startswith(b"OggS"):
        return OPUS if b"OpusHead" in head[:128] else OGG
    if head[:1] == head[188:189] == head[376:377] == b"G":
        return MPEG_TS
    if head[4:8] in (b"ftyp", b"moov", b"mdat", b"wide", b"styp", b"moof"):
        brand = head[8:12]
        return FileFormat("a HEIF or AVIF image", "none") if brand in (b"avif", b"heic", b"mif1") else MP4
    # UTF-16 text begins like MPEG layer I; its first character has a zero byte.
    if head[:2] in (b"\xff\xfe", b"\xfe\xff") and 0 in head[2:4]:
        return TEXT
    if len(head) >= 2 and head[0] == 0x56 and head[1] & 0xE0 == 0xE0:
        return LOAS
    if len(head) >= 3 and head[0] == 0xFF and head[1] & 0xE0 == 0xE0:
        # The two layer bits are zero in ADTS (AAC) and never in MPEG audio.
        if head[1] & 0xF6 == 0xF0:
            return AAC
        return MP3 if head[1] & 0x06 else UNKNOWN
    return TEXT if _is_text(head) else UNKNOWN


def id3_size(head: bytes) -> int:
    """Size in bytes of an ID3v2 tag at the start of a file, 0 without one."""
    if len(head) < 10 or not head.startswith(b"ID3"):
        return 0
    size = 0
    for byte in head[6:10]:  # 4 times 7 bits
        size = size << 7 | byte & 0x7F
    return size + 10


def _is_text(head: bytes) -> bool:
    if not head:
        return False
    # Text has no control bytes but the usual white space.
    if any(byte < 9 or 13 < byte < 27 or byte == 127 for byte in head):
        return False
    try:
        head.decode("utf-8")
    except UnicodeDecodeError as exc:
        return exc.start >= len(head) - 3 and len(head) > 3  # a character cut off at the end of the head
    return True
