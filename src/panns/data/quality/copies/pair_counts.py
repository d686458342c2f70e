"""How many landmarks pairs of clips share, counted in bounded memory."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

Indices = npt.NDArray[np.int64]
Keys = npt.NDArray[np.uint64]

# 16 MB, and ten times as much while more are counted.
_MAX_ROWS = 2**20
# A pair and a shift are one number, whose bits are: lower index, higher index, shift.
_CLIP_BITS, _SHIFT_BITS = 24, 16
_NO_SHIFT = 2 ** (_SHIFT_BITS - 1)


class SharedPair(NamedTuple):
    """Two clips, the lower index first."""

    one: int
    other: int
    shift: int
    """How much later what they share is in the other, in units of two frames."""


class PairCounts:
    """Counts pairs of clips by shift; where there are too many, those that are met most often stay.

    Args:
        is_short: Of every clip, whether one landmark that it shares is enough; otherwise that is chance.
        max_rows: How many pairs and shifts are kept.
    """

    def __init__(self, is_short: npt.NDArray[np.bool_], max_rows: int = _MAX_ROWS) -> None:
        assert len(is_short) <= 2**_CLIP_BITS
        self._is_short = is_short
        self._max_rows = max_rows
        self._keys: Keys = np.zeros(0, np.uint64)  # each once, in rising order
        self._counts: Indices = np.zeros(0, np.int64)
        self._waiting: list[Keys] = []
        self._n_waiting = 0

    def add(self, one: Indices, other: Indices, n_later: Indices) -> None:
        """Count a landmark for each pair of clips, given in any order.

        Args:
            one: Indices of clips.
            other: The same.
            n_later: By how many frames, less than 2^16, the landmark is later in the other.
        """
        low, high = np.minimum(one, other), np.maximum(one, other)
        # Encoders and resamplers move a sound by a part of a frame, so neighbouring shifts are one.
        shifts = np.where(one > other, -n_later, n_later) // 2 + _NO_SHIFT
        self._waiting.append((low << (_CLIP_BITS + _SHIFT_BITS) | high << _SHIFT_BITS | shifts).astype(np.uint64))
        self._n_waiting += len(one)
        if self._n_waiting > self._max_rows:
            self._count()

    def best(self, n: int) -> list[SharedPair]:
        """The pairs that share enough at some shift, each at its commonest; of more than `n` those that share most."""
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
        """How much each pair shares, with one more for those of short clips."""
        one, other = _clips_of(self._keys)
        return self._counts + (self._is_short[one] | self._is_short[other])

    def _count(self) -> None:
        """Take in what waits."""
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
