"""Where the sound of clips comes from: here, from the files that a manifest names, decoded each time."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

import numpy as np
import numpy.typing as npt

from panns.audio import load_sound, resample
from panns.data.clip_lists import ClipList
from panns.data.clips.clip import Clip
from panns.data.clips.stretches import StretchReader, in_words
from panns.errors import AudioDecodeError

Array = npt.NDArray[np.float32]


class ClipAudio(Protocol):
    """The sound of clips, by number; any thread may ask for any of them at any time."""

    @property
    def clips(self) -> Sequence[Clip]:
        """What is known of them."""
        ...

    @property
    def sample_rate(self) -> int:
        """Of every waveform."""
        ...

    def __len__(self) -> int: ...

    def waveform(self, i: int) -> Array:
        """The whole of a clip, `(samples,)`; the array is the caller's own."""
        ...


class FileAudio:
    """The clips of a manifest, each decoded and resampled from its file whenever it is asked for.

    Attributes:
        clips: Those of the manifest.
        sample_rate: Of every waveform.
    """

    def __init__(self, manifest: ClipList, sample_rate: int) -> None:
        self.clips: Sequence[Clip] = manifest.clips
        self.sample_rate = sample_rate
        self._manifest = manifest

    def __len__(self) -> int:
        return len(self.clips)

    def waveform(self, i: int) -> Array:
        """The whole of a clip, `(samples,)`.

        Raises:
            AudioDecodeError: It cannot be read, or its stretch is not in its file; the message names the file.
        """
        clip = self.clips[i]
        with StretchReader() as stretches:
            return load_clip(self._manifest.file(clip), clip, self.sample_rate, stretches)


def load_clip(file: Path, clip: Clip, sample_rate: int, stretches: StretchReader) -> Array:
    """A clip, as if its stretch of the file had been a file of its own: cut first, then resampled.

    Args:
        file: Where it lies.
        clip: Says which stretch of it.
        sample_rate: That is wanted.
        stretches: Reads what is less than a file.

    Raises:
        AudioDecodeError: The file cannot be read, or the stretch is not in it.
    """
    if clip.is_whole_file:
        return load_sound(file, sample_rate=sample_rate)
    stretch, own_rate = stretches.read(file, clip)
    if own_rate == sample_rate:
        return stretch
    resampled = resample(stretch, own_rate, sample_rate)
    if not len(resampled):
        raise AudioDecodeError(f"{file}: {in_words(clip)} holds no sound at {sample_rate} Hz; make it longer")
    return resampled
