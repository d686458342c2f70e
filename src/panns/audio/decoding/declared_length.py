"""Length of a sound as declared in its header, to find truncated files: decoders do not report them.

libsndfile and FFmpeg silently correct the length of a cut file, so the modules in `lengths/` read the headers. FFmpeg
supplies the length of MP4, Matroska and similar containers.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass

from panns.audio.decoding.source import SeekableInput

# Far above any real file; a hostile one could hold a chunk every 8 bytes.
MAX_CHUNKS = 4096
# Writers to a pipe cannot seek back to fill in the size. They leave 0, or about 2^31 (sox, arecord) or 2^32 (ffmpeg).
_OPEN_ENDS = ((2**31 - 2**16, 2**31 + 2**16), (2**32 - 2**16, 2**32))


@dataclass(frozen=True)
class DeclaredLength:
    """Length of a sound as declared in its header.

    Attributes:
        duration_s: Declared duration in seconds; None if the header has none.
        tolerance_s: Seconds that a decoder may legitimately leave out: delay and padding of the encoder.
        is_cut: True if the end marker of the format is missing.
        has_end: True if the end marker of the format is there, so that missing sound lies before it.
        is_unknowable: True if the format says nothing about its length, so a missing end cannot be noticed.
        notes: Sentences about a header that contradicts its file.
    """

    duration_s: float | None = None
    tolerance_s: float = 0.01
    is_cut: bool = False
    has_end: bool = False
    is_unknowable: bool = False
    notes: tuple[str, ...] = ()


def is_open_end(size: int) -> bool:
    """Return True for the sizes that writers to a pipe leave in a header."""
    return any(low <= size <= high for low, high in _OPEN_ENDS)


def iterate_chunks(source: SeekableInput, offset: int, layout: str) -> Iterator[tuple[bytes, int, int]]:
    """Yield name, size and start of every chunk of a RIFF, IFF or CAF file. RIFF and IFF pad chunks to even sizes."""
    n_header = struct.calcsize(layout)
    for _ in range(MAX_CHUNKS):
        header = source.read_at(offset, n_header)
        if len(header) < n_header:
            return
        name, size = struct.unpack(layout, header)
        yield name, size, offset + n_header
        if size < 0:
            return
        offset += n_header + size + (size & 1 if n_header == 8 else 0)
