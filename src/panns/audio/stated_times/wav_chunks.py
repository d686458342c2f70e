"""Times in the chunks of WAV files: Broadcast WAV (`bext`), GUANO (`guan`) and Wildlife Acoustics (`wamd`)."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from itertools import islice

from panns.audio.decoding.declared_length import iterate_chunks
from panns.audio.decoding.source import SeekableInput
from panns.clock.stated_time import StatedTime, TimeSource
from panns.clock.time_texts import parse_time

# Recorders write a dozen chunks at most; a hostile file has one every 8 bytes.
_MAX_CHUNKS = 64
_MAX_CHUNK_BYTES = 2**16
# EBU Tech 3285: the date (10 characters) and the time (8) follow texts of 256, 32 and 32 characters.
_BEXT_DATE, _BEXT_TIME, _BEXT_END = 320, 330, 338
_WAMD_TIME, _WAMD_EXPANSION = 0x05, 0x0F


def read_wav_chunks(source: SeekableInput, offset: int) -> Iterator[StatedTime]:
    """Times in the chunks of the WAV file at `offset`, in the order of the chunks."""
    order = ">" if source.read_at(offset, 4) == b"RIFX" else "<"
    for name, size, start in islice(iterate_chunks(source, offset + 12, order + "4sI"), _MAX_CHUNKS):
        reader = _READERS.get(name)
        if reader is not None:
            stated = reader(source.read_at(start, min(size, _MAX_CHUNK_BYTES)))
            if stated is not None:
                yield stated


def parse_bext(chunk: bytes) -> StatedTime | None:
    """Origination of a Broadcast WAV; it has no time zone. None if it is empty or zero."""
    date, time = _text(chunk[_BEXT_DATE:_BEXT_TIME]), _text(chunk[_BEXT_TIME:_BEXT_END])
    text = f"{date} {time}".strip()
    is_empty = not date.strip("0-_:./ ")
    return None if is_empty else StatedTime(TimeSource.bext, text, parse_time(text))


def parse_guano(chunk: bytes) -> StatedTime | None:
    """Time stamp of GUANO; None without one."""
    lines = (line.partition(":") for line in _text(chunk, "utf-8").split("\n"))
    fields = {key.strip(): value.strip() for key, _, value in lines}
    text = fields.get("Timestamp", "")
    return StatedTime(TimeSource.guano, text, parse_time(text), _expansion(fields.get("TE", ""))) if text else None


def parse_wamd(chunk: bytes) -> StatedTime | None:
    """Time stamp of Wildlife Acoustics; None without one."""
    fields: dict[int, bytes] = {}
    at = 0
    while at + 6 <= len(chunk):
        kind, size = struct.unpack_from("<HI", chunk, at)
        fields.setdefault(kind, chunk[at + 6 : at + 6 + size])
        at += 6 + size
    text = _text(fields.get(_WAMD_TIME, b""), "utf-8")
    expansion = int.from_bytes(fields.get(_WAMD_EXPANSION, b"")[:2], "little")
    return StatedTime(TimeSource.wildlife_acoustics, text, parse_time(text), float(max(expansion, 1))) if text else None


def _text(data: bytes, encoding: str = "latin-1") -> str:
    return data.decode(encoding, "replace").strip("\0 \t\r\n")


def _expansion(text: str) -> float:
    return float(text) if text.isascii() and text.isdigit() and 1 <= len(text) <= 3 and int(text) else 1.0


_READERS = {b"bext": parse_bext, b"guan": parse_guano, b"wamd": parse_wamd}
