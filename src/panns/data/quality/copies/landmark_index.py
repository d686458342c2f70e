"""Which clips share landmarks and may hold the same sound, looked up in bounded memory (see `fingerprint.py`)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from panns.data.quality.copies.fingerprint import BITS_OF_PLACE, HOP, N_WEAK, RATE, Bits, Landmarks
from panns.data.quality.copies.pair_counts import PairCounts

Indices = npt.NDArray[np.int64]

_MAX_LANDMARKS = 2**24  # 270 MB, and as much again while they are looked up
_JOINED_AT_ONCE = 1024
# Of more frames with the same bits than these not each is compared with each, but each with the next.
_MAX_ALIKE = 40
_LOOKED_UP_AT_ONCE = 2**18
_MAX_FOUND_AT_ONCE = 2**18
_FEW_LANDMARKS = 64
# Of the bits beside a shared landmark at most so many differ in 92 % of copies by Vorbis and MP3 at low bit rates, and
# in 2 % of other clips, in which most often 16 do (2,000 clips of 5 s).
_MAX_OTHER_BITS = 8
_MAX_CANDIDATES_PER_CLIP = 8


class Candidate(NamedTuple):
    """Two clips that may hold the same sound, the lower index first."""

    one: int
    other: int
    shift_s: float
    """How much later it is in the other."""


class _Rows(NamedTuple):
    """Landmarks of many clips, a row each."""

    clips: npt.NDArray[np.int32]
    bits: Bits
    beside: Bits
    weak: npt.NDArray[np.uint16]
    frames: npt.NDArray[np.uint16]


class LandmarkIndex:
    """The landmarks of many clips, in bounded memory.

    Beyond `max_landmarks` only those stay whose bits end in zeros, more zeros the more there are: the same ones in all
    copies of a sound. Of two million clips of 10 s some 8 a clip stay, enough for good copies and not for bad ones.
    Then one that is shared has to do, so also the sound beside it must be alike.
    """

    def __init__(self, max_landmarks: int = _MAX_LANDMARKS) -> None:
        self._max_landmarks = max_landmarks
        self._mask = np.uint32(0)
        self._pieces: list[_Rows] = []
        self._loose: list[_Rows] = []  # of a clip each; as arrays of their own they would take more than they hold
        self._n_landmarks = 0
        self._n_clips = 0

    def add(self, clip: int, landmarks: Landmarks) -> None:
        """Add those of a clip, by its index, which is higher than those before."""
        self._n_clips += 1
        rows = self._thinned(_Rows(np.full(len(landmarks.bits), clip, np.int32), *landmarks))
        self._loose.append(rows)
        self._n_landmarks += len(rows.bits)
        if len(self._loose) == _JOINED_AT_ONCE:
            self._pieces.append(_joined(self._loose))
            self._loose = []
        while self._n_landmarks > self._max_landmarks:
            self._mask = self._mask << np.uint32(1) | np.uint32(1)
            self._pieces = [self._thinned(rows) for rows in self._pieces]
            self._loose = [self._thinned(rows) for rows in self._loose]
            self._n_landmarks = sum(len(rows.bits) for rows in (*self._pieces, *self._loose))

    def _thinned(self, rows: _Rows) -> _Rows:
        stays = (rows.bits & self._mask) == 0
        return _Rows(*(column[stays] for column in rows))

    def candidates(self) -> list[Candidate]:
        """Clips that share landmarks, those that share most first; at most 8 times as many as there are clips."""
        if not self._n_landmarks:
            return []
        rows = self._sorted()
        is_thinned = bool(self._mask)
        # Of long clips one landmark is shared by chance now and then; of short ones there are not many to be shared.
        counts = PairCounts((np.bincount(rows.clips) < _FEW_LANDMARKS) | is_thinned)
        for one, other in _alike(rows.bits, rows.weak):
            is_met = rows.clips[one] != rows.clips[other]
            if is_thinned:
                is_met &= np.bitwise_count(rows.beside[one] ^ rows.beside[other]) <= _MAX_OTHER_BITS
            first, second = one[is_met], other[is_met]
            n_later = rows.frames[second].astype(np.int64) - rows.frames[first]
            counts.add(rows.clips[first].astype(np.int64), rows.clips[second].astype(np.int64), n_later)
        return [
            Candidate(pair.one, pair.other, (2 * pair.shift + 0.5) * HOP / RATE)
            for pair in counts.best(_MAX_CANDIDATES_PER_CLIP * self._n_clips)
        ]

    def _sorted(self) -> _Rows:
        """All rows by their bits, equal ones in the order of clips and frames; a column at a time, to spare memory."""
        pieces, self._pieces, self._loose = [*self._pieces, *self._loose], [], []
        columns = [list(column) for column in zip(*pieces, strict=True)]
        pieces.clear()
        order = np.argsort(np.concatenate(columns[_Rows._fields.index("bits")]), kind="stable")
        rows = _Rows(*(np.concatenate(columns.pop(0))[order] for _ in _Rows._fields))
        self._pieces = [rows]
        return rows


def _joined(pieces: list[_Rows]) -> _Rows:
    return _Rows(*(np.concatenate(column) for column in zip(*pieces, strict=True)))


def _alike(bits: Bits, weak: npt.NDArray[np.uint16]) -> Iterator[tuple[Indices, Indices]]:
    """Places of sorted landmarks with the same bits, also with weak bits of the first turned; some at a time."""
    for start in range(0, len(bits), _LOOKED_UP_AT_ONCE):
        places = slice(start, start + _LOOKED_UP_AT_ONCE)
        for variant in range(2**N_WEAK):
            wanted = bits[places].copy()
            for k in range(N_WEAK):
                if variant >> k & 1:
                    wanted ^= np.uint32(1) << ((weak[places] >> (k * BITS_OF_PLACE)) & 0x1F).astype(np.uint32)
            first, stop = np.searchsorted(bits, wanted, "left"), np.searchsorted(bits, wanted, "right")
            is_crowded = stop - first > _MAX_ALIKE
            if not variant:
                first = np.arange(start + 1, start + len(wanted) + 1)  # each pair once
                # A hum that many clips have, or very many copies of one sound, then all neighbours of another.
                stop = np.where(is_crowded, np.minimum(stop, first + 1), stop)
            else:
                stop = np.where(is_crowded, first, stop)
            for one, other in _ranges(first, stop):
                yield start + one, other


def _ranges(first: Indices, stop: Indices) -> Iterator[tuple[Indices, Indices]]:
    """Every place in the range from `first[i]` to `stop[i]`, with its `i`; about so many at a time."""
    n_found = np.cumsum(np.maximum(stop - first, 0))
    start = 0
    while start < len(first):
        end = int(np.searchsorted(n_found, n_found[start] + _MAX_FOUND_AT_ONCE, "right"))
        n_each = np.maximum(stop[start:end] - first[start:end], 0)
        one = np.repeat(np.arange(start, end), n_each)
        within = np.arange(len(one)) - np.repeat(np.cumsum(n_each) - n_each, n_each)
        yield one, np.repeat(first[start:end], n_each) + within
        start = end
