"""Declared length of formats with a plain header: AU, NIST Sphere, VOC, MATLAB, AVR, MPC 2000, SoX and so on."""

from __future__ import annotations

import struct

from panns.audio.decoding.declared_length import MAX_CHUNKS, DeclaredLength, is_open_end
from panns.audio.decoding.source import SeekableInput

# FFmpeg's size of a Flash file that it wrote to a pipe.
_STREAMED_SWF_BYTES = 100 * 2**20


def read_au(source: SeekableInput, offset: int) -> DeclaredLength:
    """AU: the number of bytes, of which the coding tells the duration."""
    start, n_bytes, encoding, rate, n_channels = struct.unpack(">IIIII", source.read_at(offset + 4, 20))
    if not n_bytes or is_open_end(n_bytes):
        return DeclaredLength()
    sample_bytes = {1: 1, 2: 1, 3: 2, 4: 3, 5: 4, 6: 4, 7: 8, 27: 1}.get(encoding)
    if sample_bytes is None:  # compressed
        return DeclaredLength(is_cut=offset + start + n_bytes > source.n_bytes)
    return DeclaredLength(n_bytes / (sample_bytes * n_channels * rate))


def read_nist(source: SeekableInput, offset: int) -> DeclaredLength:
    """NIST Sphere, of TIMIT and the LDC: lines of text with the number of samples of each channel."""
    fields: dict[bytes, bytes] = {}
    for line in source.read_at(offset, 1024).split(b"\n"):
        words = line.split()
        if len(words) == 3 and words[1] == b"-i":
            fields[words[0]] = words[2]
    if b"sample_count" not in fields:
        return DeclaredLength(is_unknowable=True)
    return DeclaredLength(int(fields[b"sample_count"]) / int(fields[b"sample_rate"]))


def read_voc(source: SeekableInput, offset: int) -> DeclaredLength:
    """Creative Voice: blocks of sound with a size each."""
    at = offset + struct.unpack("<H", source.read_at(offset + 20, 2))[0]
    duration_s, byte_rate = 0.0, 0.0
    is_known, is_cut = True, False
    for _ in range(MAX_CHUNKS):
        header = source.read_at(at, 16)
        if header[:1] == b"\0":  # the terminator
            break
        if not header and source.read_at(at - 1, 1) == b"\0":  # libsndfile counts it into a block of u-law or A-law
            break
        if len(header) < 4 or at + 4 + int.from_bytes(header[1:4], "little") > source.n_bytes:
            is_cut = True
        if len(header) < 4:
            break
        kind, size = header[0], int.from_bytes(header[1:4], "little")
        if kind == 1:  # rate as a byte, coding; at 8 bits
            byte_rate = 1e6 / (256 - header[4])
            duration_s += (size - 2) / byte_rate
            is_known &= not header[5]
        elif kind == 9:
            rate, bits, n_channels = struct.unpack("<IBB", header[4:10])
            byte_rate = rate * n_channels * bits / 8
            duration_s += (size - 12) / byte_rate
        elif kind == 2 and byte_rate:  # continues the block before
            duration_s += size / byte_rate
        elif kind == 8:  # stereo, whose rate the next block repeats in another form
            is_known = False
        at += 4 + size
    return DeclaredLength(duration_s if is_known and duration_s else None, is_cut=is_cut)


def read_mat4(source: SeekableInput, offset: int) -> DeclaredLength:
    """MATLAB 4: a matrix with the sample rate, then one of a row for each channel."""
    order = "<" if source.read_at(offset, 4) == bytes(4) else ">"
    rate = 0.0
    for _ in range(MAX_CHUNKS):
        kind, n_rows, n_columns, _, n_name = struct.unpack(order + "iiiii", source.read_at(offset, 20))
        value_bytes = (8, 4, 4, 2, 2, 1)[kind % 100 // 10]
        start = offset + 20 + n_name
        if source.read_at(offset + 20, n_name).startswith(b"samplerate"):
            rate = struct.unpack(order + "d", source.read_at(start, 8))[0]
        elif rate:
            return DeclaredLength(n_columns / rate)
        offset = start + n_rows * n_columns * value_bytes
    return DeclaredLength()


def read_mat5(source: SeekableInput, offset: int) -> DeclaredLength:
    """MATLAB 5: elements with a size each."""
    order = "<" if source.read_at(offset + 126, 2) == b"IM" else ">"
    at = offset + 128
    for _ in range(MAX_CHUNKS):
        header = source.read_at(at, 8)
        if len(header) < 8:
            break
        at += 8 + struct.unpack(order + "II", header)[1]
    # libsndfile counts the 8 bytes of the element's own header too.
    return DeclaredLength(is_cut=at > source.n_bytes + 8)


def read_avr(source: SeekableInput, offset: int) -> DeclaredLength:
    """Audio Visual Research, of Atari: rate and number of frames."""
    rate, n_frames = struct.unpack(">II", source.read_at(offset + 22, 8))
    return DeclaredLength(n_frames / (rate & 0xFFFFFF))


def read_mpc2k(source: SeekableInput, offset: int) -> DeclaredLength:
    """Akai MPC 2000: number of frames and rate."""
    n_frames, rate = struct.unpack("<I6xH", source.read_at(offset + 30, 12))
    return DeclaredLength(n_frames / rate)


def read_sox(source: SeekableInput, offset: int) -> DeclaredLength:
    """SoX's own format: samples of all channels, and the rate as a float."""
    order = "<" if source.read_at(offset, 4) == b".SoX" else ">"
    n_samples, rate, n_channels = struct.unpack(order + "QdI", source.read_at(offset + 8, 20))
    return DeclaredLength(n_samples / (n_channels * rate)) if n_samples else DeclaredLength(is_unknowable=True)


def read_ast(source: SeekableInput, offset: int) -> DeclaredLength:
    """Audio Stream, of game consoles: rate and number of frames."""
    rate, n_frames = struct.unpack(">II", source.read_at(offset + 16, 8))
    return DeclaredLength(n_frames / rate)


def read_swf(source: SeekableInput, offset: int) -> DeclaredLength:
    """Flash: the size of the file."""
    n_bytes = struct.unpack("<I", source.read_at(offset + 4, 4))[0]
    if n_bytes == _STREAMED_SWF_BYTES:
        return DeclaredLength(is_unknowable=True)
    return DeclaredLength(is_cut=n_bytes > source.n_bytes)


def read_real_media(source: SeekableInput, offset: int) -> DeclaredLength:
    """RealMedia: chunks whose size counts their header."""
    for _ in range(MAX_CHUNKS):
        header = source.read_at(offset, 8)
        if len(header) < 8:
            break
        name, size = struct.unpack(">4sI", header)
        if name == b"DATA":
            # FFmpeg counts up to 18 bytes of the header twice.
            return DeclaredLength(is_cut=offset + size > source.n_bytes + 18)
        offset += max(size, 8)
    return DeclaredLength()
