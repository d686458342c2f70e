"""Encoder of standard MIDI files."""

from __future__ import annotations

import struct
from collections.abc import Iterable
from dataclasses import dataclass

TICKS_PER_S = 480
DRUM_CHANNEL = 9
_TEMPO_US = 1_000_000  # one quarter note a second, so that a tick is 1 / TICKS_PER_S seconds


@dataclass(frozen=True)
class Note:
    """A note: times in seconds, `key` and `velocity` from 0 to 127."""

    channel: int
    key: int
    velocity: int
    onset_s: float
    duration_s: float


@dataclass(frozen=True)
class Program:
    """Choice of a channel's instrument, from `onset_s` on."""

    channel: int
    number: int
    onset_s: float


def encode_midi(programs: Iterable[Program], notes: Iterable[Note]) -> bytes:
    """Encode a MIDI file of format 0.

    Source: MIDI 1.0 Detailed Specification, Standard MIDI Files 1.0.
    """
    events: list[tuple[int, int, bytes]] = []
    for program in programs:
        events.append((_ticks(program.onset_s), 1, bytes([0xC0 | program.channel, program.number])))
    for note in notes:
        onset, offset = _ticks(note.onset_s), _ticks(note.onset_s + note.duration_s)
        events.append((onset, 2, bytes([0x90 | note.channel, note.key, note.velocity])))
        events.append((max(offset, onset + 1), 0, bytes([0x80 | note.channel, note.key, 0])))
    track = b"\x00\xff\x51\x03" + _TEMPO_US.to_bytes(3, "big")
    now = 0
    for tick, _, message in sorted(events):
        track += _encode_length(tick - now) + message
        now = tick
    track += b"\x00\xff\x2f\x00"
    header = b"MThd" + struct.pack(">IHHH", 6, 0, 1, TICKS_PER_S)
    return header + b"MTrk" + struct.pack(">I", len(track)) + track


def _ticks(time_s: float) -> int:
    return round(time_s * TICKS_PER_S)


def _encode_length(value: int) -> bytes:
    """Encode a number, seven bits a byte; the highest bit is set in all bytes but the last.

    Examples:
        >>> _encode_length(0x80).hex()
        '8100'
    """
    parts = [value & 0x7F]
    while value := value >> 7:
        parts.append(0x80 | (value & 0x7F))
    return bytes(reversed(parts))
