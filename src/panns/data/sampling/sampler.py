"""Samplers of clips for training batches.

The batch of a step depends only on the seed and the step, so a run resumes without saved state. In training with
several processes, each takes its share of every batch: `indices(step)[rank::n_processes]`.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache
from typing import Protocol

import numpy as np
import numpy.typing as npt

Indices = npt.NDArray[np.int64]
_Order = npt.NDArray[np.uint32]

# Keys of the kinds of random order, so that one seed gives each kind its own.
_CLIPS_OF_EPOCH, _CLASSES_OF_ROUND, _CLIPS_OF_CLASS = 0x0C11, 0x0C1A, 0x0CC1


class Sampler(Protocol):
    """Choice of clips for every step."""

    @property
    def n_clips(self) -> int:
        """Number of clips in an epoch."""
        ...

    @property
    def batch_size(self) -> int:
        """Number of clips in a batch."""
        ...

    def indices(self, step: int) -> Indices:
        """Indices of the clips of a step, `(batch_size,)`; steps may come in any order and from any thread."""
        ...

    def draw(self, rng: np.random.Generator) -> int:
        """Draw the index of one more clip, such as a partner for mixing, with the probabilities of the batches."""
        ...


class ShuffledSampler:
    """Every clip once per epoch, in a new random order each time; batches continue across the end of an epoch.

    Attributes:
        n_clips: Number of clips in an epoch.
        batch_size: Number of clips in a batch.
    """

    def __init__(self, n_clips: int, batch_size: int, seed: int) -> None:
        if n_clips < 1:
            raise ValueError(f"n_clips={n_clips} leaves nothing to draw from; give at least 1 clip")
        _check(batch_size, seed)
        self.n_clips = n_clips
        self.batch_size = batch_size
        # Two orders, because threads that work ahead read from two epochs at the end of the first.
        self._order = _cached(2, lambda epoch: _random_order(n_clips, seed, _CLIPS_OF_EPOCH, epoch))

    def indices(self, step: int) -> Indices:
        """Indices of the clips of a step, `(batch_size,)`."""
        positions = step * self.batch_size + np.arange(self.batch_size)
        epochs, places = np.divmod(positions, self.n_clips)
        return np.concatenate([self._order(int(epoch))[places[epochs == epoch]] for epoch in np.unique(epochs)]).astype(
            np.int64
        )

    def draw(self, rng: np.random.Generator) -> int:
        """Draw the index of one more clip; all clips have the same probability."""
        return int(rng.integers(self.n_clips))


class BalancedSampler:
    """Balanced sampling of Kong et al. 2020, section IV-B: every class gives equally many clips, however rare it is.

    A round visits every class once, in a new random order. A class gives its clips one after the other, in a new random
    order whenever all have been given. So no class repeats within a round, and no clip repeats before the other clips
    of its class. A clip of several classes is drawn for each of them. Clips without a class and classes without a clip
    are never drawn.

    Attributes:
        n_clips: Number of clips with a class; this many draws make an epoch.
        batch_size: Number of clips in a batch.
        n_classes: Number of classes with a clip; this many draws make a round.

    Source: arXiv:1912.10211.
    """

    def __init__(self, classes_of_clips: Iterable[Sequence[int]], batch_size: int, seed: int) -> None:
        """Index clips by class.

        Args:
            classes_of_clips: Class indices of every clip; read once, so a generator will do.
            batch_size: Number of clips in a batch.
            seed: Random seed.
        """
        _check(batch_size, seed)
        self.batch_size = batch_size
        self._clips, starts, self.n_clips = _clips_by_class(classes_of_clips)
        self._starts = starts[:-1][np.diff(starts) > 0]
        self._sizes = np.diff(starts)[np.diff(starts) > 0]
        self.n_classes = len(self._starts)
        if not self.n_classes:
            raise ValueError("none of the clips has a label, so there are no classes to balance; label the clips")
        self._classes_of_round = _cached(
            4, lambda round_: _random_order(self.n_classes, seed, _CLASSES_OF_ROUND, round_)
        )
        self._order_of_class = _cached(
            2 * self.n_classes,
            lambda class_, cycle: _random_order(int(self._sizes[class_]), seed, _CLIPS_OF_CLASS, class_, cycle),
        )

    def indices(self, step: int) -> Indices:
        """Indices of the clips of a step, `(batch_size,)`."""
        first = step * self.batch_size
        return np.array([self._clip(*divmod(i, self.n_classes)) for i in range(first, first + self.batch_size)])

    def draw(self, rng: np.random.Generator) -> int:
        """Draw the index of one more clip; all classes have the same probability, and all clips of a class."""
        class_ = int(rng.integers(self.n_classes))
        return int(self._clips[self._starts[class_] + rng.integers(self._sizes[class_])])

    def _clip(self, round_: int, turn: int) -> int:
        class_ = int(self._classes_of_round(round_)[turn])
        # Each earlier round drew from every class once, so the round is also the number of draws from this class.
        cycle, place = divmod(round_, int(self._sizes[class_]))
        return int(self._clips[self._starts[class_] + self._order_of_class(class_, cycle)[place]])


def _check(batch_size: int, seed: int) -> None:
    if batch_size < 1:
        raise ValueError(f"batch_size={batch_size} is too small; use at least 1")
    if seed < 0:
        raise ValueError(f"seed={seed} is negative; use 0 or more")


def _random_order(n: int, seed: int, kind: int, *number: int) -> _Order:
    # A spawn key, because numpy pads a seed such as [seed, kind, number] with zeros: [7, 3] and [7, 3, 0] are the same
    # seed, and draws from [seed, step, clip] elsewhere could repeat these orders. Spawn keys never collide with seeds.
    source = np.random.SeedSequence(seed, spawn_key=(kind, *number))
    # 4 bytes per clip, because the orders of all classes of two million clips stay in memory.
    return np.random.default_rng(source).permutation(np.arange(n, dtype=np.uint32))


def _cached(max_size: int, make: Callable[..., _Order]) -> Callable[..., _Order]:
    """An `lru_cache` that never computes a result in two threads at once."""
    cached = lru_cache(max_size)(make)
    lock = threading.Lock()

    def get(*number: int) -> _Order:
        with lock:
            return cached(*number)

    return get


def _clips_by_class(classes_of_clips: Iterable[Sequence[int]]) -> tuple[_Order, Indices, int]:
    """The clips of all classes in one row, the start of every class in it, and the number of clips with a class."""
    n_classes_of: list[int] = []

    def flat() -> Iterable[int]:
        for classes in classes_of_clips:
            distinct = set(classes)  # a repeated label counts once
            n_classes_of.append(len(distinct))
            yield from distinct

    classes = np.fromiter(flat(), np.int32)
    if len(classes) and classes.min() < 0:
        raise ValueError(f"class index {classes.min()} is out of range; use 0 or more")
    clips = np.repeat(np.arange(len(n_classes_of), dtype=np.uint32), n_classes_of)
    starts = np.concatenate([[0], np.cumsum(np.bincount(classes))]).astype(np.int64)
    return clips[np.argsort(classes, kind="stable")], starts, int(np.count_nonzero(n_classes_of))
