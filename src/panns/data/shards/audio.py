"""Waveforms of packed clips, read at random from the shards."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from panns.data.clips.clip import Clip
from panns.data.clips.sound_file import load_clip_file
from panns.data.shards.folder import NamedBytes, ShardFolder
from panns.data.shards.pcm16 import decode_wav
from panns.system.arrays import Array


class ShardAudio:
    """Clips of a folder of shards, in the order in which they are stored; ascending indices read front to back.

    Any thread may read any clip at any time. Clips stored as 16-bit WAV at the requested rate are copied from the file;
    others are decoded and resampled.

    Attributes:
        clips: The clips.
        sample_rate: Sample rate of every waveform, in Hz.
        durations_s: Duration of every clip, in seconds; from the header for clips that were copied into the shard.
    """

    def __init__(self, folder: Path | ShardFolder, sample_rate: int, *, clips: Sequence[Clip] | None = None) -> None:
        """Open a folder that `write_shards` wrote.

        Args:
            folder: Folder with the shards and their index, or one that is open.
            sample_rate: Sample rate of the waveforms, in Hz.
            clips: Newer labels, folds and so on, one clip for each packed one; None for those in the shards.

        Raises:
            DataError: The index is missing or damaged, or a shard is missing or has another size.
        """
        self._folder = folder if isinstance(folder, ShardFolder) else ShardFolder(folder)
        self.clips: Sequence[Clip] = self._folder.clips if clips is None else clips
        if len(self.clips) != len(self._folder):
            raise ValueError(
                f"clips has {len(self.clips)} clips, but {self._folder.folder} holds {len(self._folder)}; give as many"
            )
        self.sample_rate = sample_rate
        self.durations_s: npt.NDArray[np.float32] = self._folder.durations_s

    def __len__(self) -> int:
        return len(self.clips)

    def waveform(self, i: int) -> Array:
        """Waveform of a clip, `(samples,)`.

        Raises:
            AudioDecodeError: The clip is a copy of an unreadable file; the message names the clip and the shard.
            DataError: The shard does not hold the clip where the index says.
        """
        data, gain = self._folder.sound(i)
        waveform = decode_wav(data, self.sample_rate, gain)
        if waveform is not None:
            return waveform
        waveform = load_clip_file(NamedBytes(data, self._folder.name(i)), sample_rate=self.sample_rate)
        return waveform if gain == 1 else waveform * np.float32(gain)
