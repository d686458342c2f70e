"""Which clips make up the batch of a step: known from the seed and the step alone, so that a run resumes without state.

A process of several that train together takes its share of every batch: `indices(step)[rank::n_processes]`.
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

# What is drawn at random here, so that no two kinds of order come from one seed.
_CLIPS_OF_EPOCH, _CLASSES_OF_ROUND, _CLIPS_OF_CLASS = 0x0C11, 0x0C1A, 0x0CC1


class Sampler(Protocol):
    """Chooses clips."""

    @property
    def n_clips(self) -> int:
        """How many make an epoch."""
        ...

    @property
    def batch_size(self) -> int:
        """How many make a batch."""
        ...

    @property
    def steps_per_epoch(self) -> int:
        """Batches until as many clips have come as make an epoch."""
        ...

    def indices(self, step: int) -> Indices:
        """The clips of a step, `(batch_size,)`; steps may be asked for in any order and by any thread."""
        ...

    def draw(self, rng: np.random.Generator) -> int:
        """One more clip, such as one to mix another with, independent of all others and as likely as in batches."""
        ...


class ShuffledSampler:
    """Every clip once an epoch, in another random order each time; batches run on from one epoch into the next.

    Attributes:
        n_clips: How many make an epoch.
        batch_size: How many make a batch.
    """

    def __init__(self, n_clips: int, batch_size: int, seed: int) -> None:
        if n_clips < 1:
            raise ValueError("there are no clips to draw from; give a manifest with at least one")
        _check(batch_size, seed)
        self.n_clips = n_clips
        self.batch_size = batch_size
        # Two, since threads that work ahead stand on both sides of the border between epochs.
        self._order = _kept(2, lambda epoch: _random_order(n_clips, seed, _CLIPS_OF_EPOCH, epoch))

    @property
    def steps_per_epoch(self) -> int:
        """Batches until every clip has come."""
        return -(-self.n_clips // self.batch_size)

    def indices(self, step: int) -> Indices:
        """The clips of a step, `(batch_size,)`."""
        positions = step * self.batch_size + np.arange(self.batch_size)
        epochs, places = np.divmod(positions, self.n_clips)
        return np.concatenate([self._order(int(epoch))[places[epochs == epoch]] for epoch in np.unique(epochs)]).astype(
            np.int64
        )

    def draw(self, rng: np.random.Generator) -> int:
        """One more clip; all are as likely."""
        return int(rng.integers(self.n_clips))


class BalancedSampler:
    """As many clips for every class, however rare: the balanced sampling of Kong et al. 2020, section IV-B.

    The classes come one after the other, in another random order each round. A class gives its clips one after the
    other, in another random order each time it has given all. So within a round no class, and within a class no clip,
    comes a second time before all others have come. A clip of several classes comes for each of them; one that has no
    class never comes, and a class that has no clip is left out.

    Attributes:
        n_clips: How many have a class; so many draws make an epoch.
        batch_size: How many make a batch.
        n_classes: How many have a clip; so many draws make a round.

    Source: arXiv:1912.10211.
    """

    def __init__(self, classes_of_clips: Iterable[Sequence[int]], batch_size: int, seed: int) -> None:
        """Take the classes of every clip, as numbers from 0; a generator does, and nothing of it is kept."""
        _check(batch_size, seed)
        self.batch_size = batch_size
        self._clips, starts, self.n_clips = _clips_by_class(classes_of_clips)
        self._starts = starts[:-1][np.diff(starts) > 0]
        self._sizes = np.diff(starts)[np.diff(starts) > 0]
        self.n_classes = len(self._starts)
        if not self.n_classes:
            raise ValueError("no clip has a label, so there are no classes to balance; use a manifest with labels")
        self._classes_of_round = _kept(4, lambda round_: _random_order(self.n_classes, seed, _CLASSES_OF_ROUND, round_))
        self._order_of_class = _kept(
            2 * self.n_classes,
            lambda class_, cycle: _random_order(int(self._sizes[class_]), seed, _CLIPS_OF_CLASS, class_, cycle),
        )

    @property
    def steps_per_epoch(self) -> int:
        """Batches until as many clips have come as make an epoch."""
        return -(-self.n_clips // self.batch_size)

    def indices(self, step: int) -> Indices:
        """The clips of a step, `(batch_size,)`."""
        first = step * self.batch_size
        return np.array([self._clip(*divmod(i, self.n_classes)) for i in range(first, first + self.batch_size)])

    def draw(self, rng: np.random.Generator) -> int:
        """One more clip; all classes are as likely, and in a class all clips."""
        class_ = int(rng.integers(self.n_classes))
        return int(self._clips[self._starts[class_] + rng.integers(self._sizes[class_])])

    def _clip(self, round_: int, turn: int) -> int:
        class_ = int(self._classes_of_round(round_)[turn])
        # Every class has come once in each of the rounds before, so the round is also the number of this draw.
        cycle, place = divmod(round_, int(self._sizes[class_]))
        return int(self._clips[self._starts[class_] + self._order_of_class(class_, cycle)[place]])


def _check(batch_size: int, seed: int) -> None:
    if batch_size < 1:
        raise ValueError(f"batch_size={batch_size} is no batch; use at least 1")
    if seed < 0:
        raise ValueError(f"seed={seed} is negative; use 0 or more")


def _random_order(n: int, seed: int, kind: int, *number: int) -> _Order:
    # As a key, not as [seed, kind, number]: numpy pads short seeds with zeros, so that [7, 3] and [7, 3, 0] are one
    # seed, and what others draw from [seed, step, clip] could repeat these orders. A key is apart from all short seeds.
    source = np.random.SeedSequence(seed, spawn_key=(kind, *number))
    # 4 bytes a clip, since the orders of all classes of two million clips are kept.
    return np.random.default_rng(source).permutation(np.arange(n, dtype=np.uint32))


def _kept(n_kept: int, make: Callable[..., _Order]) -> Callable[..., _Order]:
    """The same function, which keeps its latest results and makes none of them twice at the same time."""
    cached = lru_cache(n_kept)(make)
    lock = threading.Lock()

    def get(*number: int) -> _Order:
        with lock:
            return cached(*number)

    return get


def _clips_by_class(classes_of_clips: Iterable[Sequence[int]]) -> tuple[_Order, Indices, int]:
    """The clips of all classes one after the other, where every class starts, and how many clips have a class."""
    n_classes_of: list[int] = []

    def flat() -> Iterable[int]:
        for classes in classes_of_clips:
            distinct = set(classes)  # a label that stands twice is one label
            n_classes_of.append(len(distinct))
            yield from distinct

    classes = np.fromiter(flat(), np.int32)
    if len(classes) and classes.min() < 0:
        raise ValueError(f"{classes.min()} is no class; classes are counted from 0")
    clips = np.repeat(np.arange(len(n_classes_of), dtype=np.uint32), n_classes_of)
    starts = np.concatenate([[0], np.cumsum(np.bincount(classes))]).astype(np.int64)
    return clips[np.argsort(classes, kind="stable")], starts, int(np.count_nonzero(n_classes_of))
