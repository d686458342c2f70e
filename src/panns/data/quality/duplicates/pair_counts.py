"""Number of landmarks that pairs of clips share, counted in bounded memory."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

Indices = npt.NDArray[np.int64]
Keys = npt.NDArray[np.uint64]

# 16 MB, and ten times as much during counting.
_MAX_ROWS = 2**20
# A pair and a shift form one integer, whose bits are: lower index, higher index, shift.
_CLIP_BITS, _SHIFT_BITS = 24, 16
_NO_SHIFT = 2 ** (_SHIFT_BITS - 1)


class SharedPair(NamedTuple):
    """Two clips that share landmarks.

    Attributes:
        one: The lower index.
        other: The higher index.
        shift: Delay of the shared landmarks in the other clip, in units of two frames.
    """

    one: int
    other: int
    shift: int


class PairCounts:
    """Counts pairs of clips by shift; beyond `max_rows`, the most frequent stay.

    Args:
        is_short: For every clip, True if one shared landmark suffices; long clips share single landmarks by chance.
        max_rows: Number of pairs and shifts to keep.
    """

    def __init__(self, is_short: npt.NDArray[np.bool_], max_rows: int = _MAX_ROWS) -> None:
        assert len(is_short) <= 2**_CLIP_BITS
        self._is_short = is_short
        self._max_rows = max_rows
        self._keys: Keys = np.zeros(0, np.uint64)  # unique, ascending
        self._counts: Indices = np.zeros(0, np.int64)
        self._waiting: list[Keys] = []
        self._n_waiting = 0

    def add(self, one: Indices, other: Indices, n_later: Indices) -> None:
        """Count one shared landmark for each pair of clips.

        Args:
            one: Indices of the first clips.
            other: Indices of the second clips, higher or lower than the first.
            n_later: Delay of the landmark in the second clip, in frames, less than 2^16.
        """
        low, high = np.minimum(one, other), np.maximum(one, other)
        # Encoders and resamplers shift a sound by a fraction of a frame, so two neighbouring shifts count as one.
        shifts = np.where(one > other, -n_later, n_later) // 2 + _NO_SHIFT
        self._waiting.append((low << (_CLIP_BITS + _SHIFT_BITS) | high << _SHIFT_BITS | shifts).astype(np.uint64))
        self._n_waiting += len(one)
        if self._n_waiting > self._max_rows:
            self._count()

    def best(self, n: int) -> list[SharedPair]:
        """The `n` pairs that share most landmarks, each at its most frequent shift, without those below the minimum."""
        self._count()
        likely = np.flatnonzero(self._worth() > 1)
        keys, counts = self._keys[likely], self._counts[likely]
        pairs = keys >> np.uint64(_SHIFT_BITS)
        order = np.lexsort((keys, -counts, pairs))
        order = order[np.append(True, np.diff(pairs[order]) > 0)[: len(order)]]
        order = order[np.lexsort((keys[order], -counts[order]))][:n]
        shifts = (keys[order] & np.uint64(2**_SHIFT_BITS - 1)).astype(np.int64) - _NO_SHIFT
        return list(map(SharedPair, *(each.tolist() for each in (*_clips_of(keys[order]), shifts))))

    def _worth(self) -> Indices:
        """Number of landmarks that each pair shares, plus one for short clips."""
        one, other = _clips_of(self._keys)
        return self._counts + (self._is_short[one] | self._is_short[other])

    def _count(self) -> None:
        """Count the waiting pairs."""
        if not self._waiting:
            return
        keys, counts = np.unique(np.concatenate(self._waiting), return_counts=True)
        self._waiting, self._n_waiting = [], 0
        keys, counts = np.concatenate([self._keys, keys]), np.concatenate([self._counts, counts])
        order = np.argsort(keys, kind="stable")
        keys, counts = keys[order], counts[order]
        starts = np.flatnonzero(np.append(True, np.diff(keys) > 0)[: len(keys)])
        self._keys = keys[starts]
        self._counts = np.add.reduceat(counts, starts) if len(starts) else counts
        if len(self._keys) > self._max_rows:
            stays = np.sort(np.argsort(-self._worth(), kind="stable")[: self._max_rows // 2])
            self._keys, self._counts = self._keys[stays], self._counts[stays]


def _clips_of(keys: Keys) -> tuple[Indices, Indices]:
    pairs = (keys >> np.uint64(_SHIFT_BITS)).astype(np.int64)
    return pairs >> _CLIP_BITS, pairs & (2**_CLIP_BITS - 1)
