"""Index of an MP4."""

from __future__ import annotations

import struct

from panns.audio.decoding.declared_length import MAX_CHUNKS
from panns.audio.decoding.source import SeekableInput


def mp4_has_index(source: SeekableInput) -> bool:
    """Return True if an MP4 has its index, the `moov` box, at least in part. Decoding needs it."""
    offset = 0
    for _ in range(MAX_CHUNKS):
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
