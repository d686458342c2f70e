"""Subsets of clips and of their audio, as views without copies."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import overload

import numpy as np
import numpy.typing as npt

from panns.data.clips.audio import ClipAudio
from panns.data.clips.clip import Clip
from panns.data.clips.table import ClipTable
from panns.system.arrays import Array

Indices = Sequence[int] | npt.NDArray[np.int64]

_N_AT_ONCE = 4096  # clips that an iteration makes at once


class ClipSubset(Sequence[Clip]):
    """The clips with these indices, in this order."""

    def __init__(self, whole: Sequence[Clip], indices: Indices) -> None:
        self._whole = whole
        self._indices = np.asarray(indices, np.int64)

    def __len__(self) -> int:
        return len(self._indices)

    @overload
    def __getitem__(self, i: int) -> Clip: ...
    @overload
    def __getitem__(self, i: slice) -> Sequence[Clip]: ...
    def __getitem__(self, i: int | slice) -> Clip | Sequence[Clip]:
        if isinstance(i, slice):
            return ClipSubset(self._whole, self._indices[i])
        return self._whole[int(self._indices[i])]

    def __iter__(self) -> Iterator[Clip]:
        for start in range(0, len(self._indices), _N_AT_ONCE):
            indices = self._indices[start : start + _N_AT_ONCE]
            if isinstance(self._whole, ClipTable):
                yield from self._whole.take(indices)
            else:
                yield from (self._whole[i] for i in indices.tolist())


class AudioSubset:
    """The audio of the clips with these indices, in this order.

    Attributes:
        clips: The clips of the subset.
        sample_rate: Sample rate of every waveform, in Hz.
    """

    def __init__(self, whole: ClipAudio, indices: Indices) -> None:
        self._whole = whole
        self._indices = np.asarray(indices, np.int64)
        self.clips: Sequence[Clip] = ClipSubset(whole.clips, self._indices)
        self.sample_rate = whole.sample_rate

    def __len__(self) -> int:
        return len(self._indices)

    def waveform(self, i: int) -> Array:
        """Waveform of a clip, `(samples,)`."""
        return self._whole.waveform(int(self._indices[i]))
