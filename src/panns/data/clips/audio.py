"""Waveforms of clips: the protocol that training and evaluation read, and clips decoded from their files."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

from panns.audio import resample
from panns.data.clips.clip import Clip, ClipList
from panns.data.clips.sound_file import load_clip_file
from panns.data.clips.stretches import StretchReader, describe_stretch
from panns.errors import AudioDecodeError
from panns.system.arrays import Array


class ClipAudio(Protocol):
    """Waveforms of clips by index; any thread may read any clip at any time."""

    @property
    def clips(self) -> Sequence[Clip]:
        """The clips."""
        ...

    @property
    def sample_rate(self) -> int:
        """Sample rate of every waveform, in Hz."""
        ...

    def __len__(self) -> int: ...

    def waveform(self, i: int) -> Array:
        """Waveform of a clip, `(samples,)`; the caller may write to the array."""
        ...


class FileAudio:
    """Clips of a list, each decoded and resampled from its file on every read.

    Attributes:
        clips: The clips of the list.
        sample_rate: Sample rate of every waveform, in Hz.
    """

    def __init__(self, clip_list: ClipList, sample_rate: int) -> None:
        self.clips: Sequence[Clip] = clip_list.clips
        self.sample_rate = sample_rate
        self._clip_list = clip_list

    def __len__(self) -> int:
        return len(self.clips)

    def waveform(self, i: int) -> Array:
        """Waveform of a clip, `(samples,)`.

        Raises:
            AudioDecodeError: The file is unreadable, or the clip reaches beyond its end; the message names the file.
        """
        clip = self.clips[i]
        with StretchReader() as stretches:
            return load_clip(self._clip_list.file(clip), clip, self.sample_rate, stretches)


def load_clip(file: Path, clip: Clip, sample_rate: int, stretches: StretchReader) -> Array:
    """Load a clip, `(samples,)`, as if its stretch were a file of its own: cut first, then resampled.

    Args:
        file: The file that holds the clip.
        clip: The clip; its onset and offset select the stretch.
        sample_rate: Sample rate of the result, in Hz.
        stretches: Reader for clips that are a part of their file.

    Raises:
        AudioDecodeError: The file is unreadable, or the clip reaches beyond its end.
    """
    if clip.is_whole_file:
        return load_clip_file(file, sample_rate=sample_rate)
    stretch, own_rate = stretches.read(file, clip)
    if own_rate == sample_rate:
        return stretch
    resampled = resample(stretch, own_rate, sample_rate)
    if not len(resampled):
        raise AudioDecodeError(
            f"{file}: {describe_stretch(clip)} is shorter than one sample at {sample_rate} Hz; make it longer"
        )
    return resampled
