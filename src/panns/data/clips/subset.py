"""Some of the clips of a set, as a set of its own."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import overload

import numpy as np
import numpy.typing as npt

from panns.data.clips.audio import ClipAudio
from panns.data.clips.clip import Clip
from panns.data.clips.table import ClipTable

Array = npt.NDArray[np.float32]
Numbers = Sequence[int] | npt.NDArray[np.int64]

# So many clips are made at once for whoever counts through all of them.
_CHUNK = 4096


class ClipSubset(Sequence[Clip]):
    """What is known of the clips with these numbers, in this order; nothing is copied."""

    def __init__(self, whole: Sequence[Clip], numbers: Numbers) -> None:
        self._whole = whole
        self._numbers = np.asarray(numbers, np.int64)

    def __len__(self) -> int:
        return len(self._numbers)

    @overload
    def __getitem__(self, i: int) -> Clip: ...
    @overload
    def __getitem__(self, i: slice) -> Sequence[Clip]: ...
    def __getitem__(self, i: int | slice) -> Clip | Sequence[Clip]:
        if isinstance(i, slice):
            return ClipSubset(self._whole, self._numbers[i])
        return self._whole[int(self._numbers[i])]

    def __iter__(self) -> Iterator[Clip]:
        for start in range(0, len(self._numbers), _CHUNK):
            numbers = self._numbers[start : start + _CHUNK]
            if isinstance(self._whole, ClipTable):
                yield from self._whole.take(numbers)
            else:
                yield from (self._whole[i] for i in numbers.tolist())


class AudioSubset:
    """The clips of another set with these numbers, in this order.

    Attributes:
        clips: What is known of them.
        sample_rate: Of every waveform.
    """

    def __init__(self, whole: ClipAudio, numbers: Numbers) -> None:
        self._whole = whole
        self._numbers = np.asarray(numbers, np.int64)
        self.clips: Sequence[Clip] = ClipSubset(whole.clips, self._numbers)
        self.sample_rate = whole.sample_rate

    def __len__(self) -> int:
        return len(self._numbers)

    def waveform(self, i: int) -> Array:
        """The whole of a clip, `(samples,)`."""
        return self._whole.waveform(int(self._numbers[i]))
