"""Index of landmarks: find pairs of clips that may hold the same sound, in bounded memory (see `fingerprint.py`)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from panns.data.quality.duplicates.fingerprint import BITS_OF_PLACE, HOP, N_WEAK, RATE, Bits, Landmarks
from panns.data.quality.duplicates.pair_counts import PairCounts

Indices = npt.NDArray[np.int64]

_MAX_LANDMARKS = 2**24  # 270 MB, and as much again during the lookup
_N_CLIPS_PER_PIECE = 1024
# Among more frames with equal bits than this, each is compared only with the next.
_MAX_EQUAL = 40
_LOOKUP_SIZE = 2**18
_MAX_FOUND_AT_ONCE = 2**18
_FEW_LANDMARKS = 64
# At most this many bits beside a shared landmark differ in 92 % of copies by Vorbis and MP3 at low bit rates, but in
# only 2 % of unrelated clips, where 16 differ most often (2,000 clips of 5 s).
_MAX_OTHER_BITS = 8
_MAX_CANDIDATES_PER_CLIP = 8


class Candidate(NamedTuple):
    """Two clips that may hold the same sound.

    Attributes:
        one: The lower index.
        other: The higher index.
        shift_s: Delay of the sound in the other clip, in seconds.
    """

    one: int
    other: int
    shift_s: float


class _Rows(NamedTuple):
    """Landmarks of many clips, one per row; see `Landmarks`."""

    clips: npt.NDArray[np.int32]
    bits: Bits
    beside: Bits
    weak: npt.NDArray[np.uint16]
    frames: npt.NDArray[np.uint16]


class LandmarkIndex:
    """Landmarks of many clips, in bounded memory.

    Beyond `max_landmarks`, only landmarks whose bits end in zeros stay, and the more landmarks there are, the more
    zeros are required. Copies of a sound keep the same landmarks. Of two million clips of 10 s, some 8 landmarks per
    clip stay, enough to find good copies but not poor ones. In a thinned index a single shared landmark makes a
    candidate, so the frame beside it must be similar too.
    """

    def __init__(self, max_landmarks: int = _MAX_LANDMARKS) -> None:
        self._max_landmarks = max_landmarks
        self._mask = np.uint32(0)
        self._pieces: list[_Rows] = []
        self._recent: list[_Rows] = []  # one clip each; merged in time, because many small arrays waste memory
        self._n_landmarks = 0
        self._n_clips = 0

    def add(self, clip: int, landmarks: Landmarks) -> None:
        """Add the landmarks of a clip; indices must ascend."""
        self._n_clips += 1
        rows = self._thin(_Rows(np.full(len(landmarks.bits), clip, np.int32), *landmarks))
        self._recent.append(rows)
        self._n_landmarks += len(rows.bits)
        if len(self._recent) == _N_CLIPS_PER_PIECE:
            self._pieces.append(_concatenate(self._recent))
            self._recent = []
        while self._n_landmarks > self._max_landmarks:
            self._mask = self._mask << np.uint32(1) | np.uint32(1)
            self._pieces = [self._thin(rows) for rows in self._pieces]
            self._recent = [self._thin(rows) for rows in self._recent]
            self._n_landmarks = sum(len(rows.bits) for rows in (*self._pieces, *self._recent))

    def _thin(self, rows: _Rows) -> _Rows:
        stays = (rows.bits & self._mask) == 0
        return _Rows(*(column[stays] for column in rows))

    def candidates(self) -> list[Candidate]:
        """Pairs of clips that share landmarks, those that share most first; at most 8 for each clip on average."""
        if not self._n_landmarks:
            return []
        rows = self._sort()
        is_thinned = bool(self._mask)
        # Long clips share a single landmark by chance now and then; short clips have few landmarks to share.
        counts = PairCounts((np.bincount(rows.clips) < _FEW_LANDMARKS) | is_thinned)
        for one, other in _find_equal(rows.bits, rows.weak):
            is_shared = rows.clips[one] != rows.clips[other]
            if is_thinned:
                is_shared &= np.bitwise_count(rows.beside[one] ^ rows.beside[other]) <= _MAX_OTHER_BITS
            first, second = one[is_shared], other[is_shared]
            n_later = rows.frames[second].astype(np.int64) - rows.frames[first]
            counts.add(rows.clips[first].astype(np.int64), rows.clips[second].astype(np.int64), n_later)
        return [
            Candidate(pair.one, pair.other, (2 * pair.shift + 0.5) * HOP / RATE)
            for pair in counts.best(_MAX_CANDIDATES_PER_CLIP * self._n_clips)
        ]

    def _sort(self) -> _Rows:
        """Sort all rows by bits, equal ones by clip and frame; one column at a time, to save memory."""
        pieces, self._pieces, self._recent = [*self._pieces, *self._recent], [], []
        columns = [list(column) for column in zip(*pieces, strict=True)]
        pieces.clear()
        order = np.argsort(np.concatenate(columns[_Rows._fields.index("bits")]), kind="stable")
        rows = _Rows(*(np.concatenate(columns.pop(0))[order] for _ in _Rows._fields))
        self._pieces = [rows]
        return rows


def _concatenate(pieces: list[_Rows]) -> _Rows:
    return _Rows(*(np.concatenate(column) for column in zip(*pieces, strict=True)))


def _find_equal(bits: Bits, weak: npt.NDArray[np.uint16]) -> Iterator[tuple[Indices, Indices]]:
    """Yield pairs of places in sorted landmarks whose bits are equal, also after flipping weak bits of the first."""
    for start in range(0, len(bits), _LOOKUP_SIZE):
        places = slice(start, start + _LOOKUP_SIZE)
        for variant in range(2**N_WEAK):
            wanted = bits[places].copy()
            for k in range(N_WEAK):
                if variant >> k & 1:
                    wanted ^= np.uint32(1) << ((weak[places] >> (k * BITS_OF_PLACE)) & 0x1F).astype(np.uint32)
            first, stop = np.searchsorted(bits, wanted, "left"), np.searchsorted(bits, wanted, "right")
            is_crowded = stop - first > _MAX_EQUAL
            if not variant:
                first = np.arange(start + 1, start + len(wanted) + 1)  # each pair once
                # Many clips share a hum or are copies of one sound; comparing neighbours connects them all.
                stop = np.where(is_crowded, np.minimum(stop, first + 1), stop)
            else:
                stop = np.where(is_crowded, first, stop)
            for one, other in _ranges(first, stop):
                yield start + one, other


def _ranges(first: Indices, stop: Indices) -> Iterator[tuple[Indices, Indices]]:
    """Yield every place in the ranges from `first[i]` to `stop[i]` with its `i`, in bounded pieces."""
    n_found = np.cumsum(np.maximum(stop - first, 0))
    start = 0
    while start < len(first):
        end = int(np.searchsorted(n_found, n_found[start] + _MAX_FOUND_AT_ONCE, "right"))
        n_each = np.maximum(stop[start:end] - first[start:end], 0)
        one = np.repeat(np.arange(start, end), n_each)
        within = np.arange(len(one)) - np.repeat(np.cumsum(n_each) - n_each, n_each)
        yield one, np.repeat(first[start:end], n_each) + within
        start = end
