"""Choose the reader of the declared length of a format."""

from __future__ import annotations

import struct
from collections.abc import Callable

from panns.audio.decoding import formats
from panns.audio.decoding.declared_length import DeclaredLength
from panns.audio.decoding.formats import FileFormat
from panns.audio.decoding.lengths import bare, coded, iff, plain, riff
from panns.audio.decoding.source import SeekableInput


def read_declared_length(source: SeekableInput, file_format: FileFormat, offset: int) -> DeclaredLength:
    """Read the declared length from the header at `offset`; an unreadable header declares nothing.

    A WAV whose size is missing or wrong gets it patched into the input, so that decoders read it to its end.
    """
    if file_format in _WITHOUT_LENGTH:
        return DeclaredLength(is_unknowable=True)
    reader = _READERS.get(file_format)
    if reader is None:
        return DeclaredLength()
    try:
        return reader(source, offset)
    except (struct.error, ZeroDivisionError, IndexError, OverflowError, ValueError):
        return DeclaredLength()


_WITHOUT_LENGTH = frozenset({formats.IRCAM, formats.PAF, formats.PVF, formats.COMPRESSED_SWF, formats.REAL_AUDIO})
_READERS: dict[FileFormat, Callable[[SeekableInput, int], DeclaredLength]] = {
    formats.WAV: riff.read_wav,
    formats.W64: riff.read_w64,
    formats.AVI: riff.read_avi,
    formats.AIFF: iff.read_aiff,
    formats.SVX: iff.read_svx,
    formats.CAF: iff.read_caf,
    formats.FLAC: coded.read_flac,
    formats.MP3: coded.read_mp3,
    formats.OGG: coded.read_ogg,
    formats.OPUS: coded.read_ogg,
    formats.AU: plain.read_au,
    formats.NIST: plain.read_nist,
    formats.VOC: plain.read_voc,
    formats.MAT4: plain.read_mat4,
    formats.MAT5: plain.read_mat5,
    formats.AVR: plain.read_avr,
    formats.MPC2K: plain.read_mpc2k,
    formats.SOX: plain.read_sox,
    formats.AST: plain.read_ast,
    formats.SWF: plain.read_swf,
    formats.REAL_MEDIA: plain.read_real_media,
    formats.AAC: bare.read_aac,
    formats.AC3: bare.read_ac3,
    formats.MPEG_TS: bare.read_mpeg_ts,
}
