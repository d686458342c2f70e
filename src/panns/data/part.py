"""Some of the clips of a set, as a set of its own."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from panns.data.clip import Clip
from panns.data.clips import ClipAudio

Array = npt.NDArray[np.float32]


class PartAudio:
    """The clips of another set with these numbers, in this order.

    Attributes:
        clips: What is known of them.
        sample_rate: Of every waveform.
    """

    def __init__(self, whole: ClipAudio, numbers: Sequence[int] | npt.NDArray[np.int64]) -> None:
        self._whole = whole
        self._numbers = np.asarray(numbers, np.int64)
        self.clips: Sequence[Clip] = tuple(whole.clips[i] for i in self._numbers)
        self.sample_rate = whole.sample_rate

    def __len__(self) -> int:
        return len(self._numbers)

    def waveform(self, i: int) -> Array:
        """The whole of a clip, `(samples,)`."""
        return self._whole.waveform(int(self._numbers[i]))
