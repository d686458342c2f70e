"""The sound of clips that are packed into a few large files, read from anywhere in them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from panns.audio import load_sound
from panns.data.clips.clip import Clip
from panns.data.shards.folder import NamedBytes, ShardFolder
from panns.data.shards.pcm16 import decode_wav

Array = npt.NDArray[np.float32]


class ShardAudio:
    """The clips of a folder of packed shards, in the order in which they lie there: counting up reads front to back.

    Any thread may read any clip at any time. Clips that were stored as 16-bit WAV at the wanted rate are copied from
    the file; others are decoded and resampled.

    Attributes:
        clips: What is known of them.
        sample_rate: Of every waveform.
        durations_s: Seconds of every clip; of a file that was copied, by its header.
    """

    def __init__(self, folder: Path, sample_rate: int, *, clips: Sequence[Clip] | None = None) -> None:
        """Open a folder that `write_shards` has written.

        Args:
            folder: That holds the index and the shards.
            sample_rate: That is wanted.
            clips: What is known of the clips now, if that is more than the shards say; one for each.

        Raises:
            DataError: The index is missing or damaged, or a shard is missing or has another size.
        """
        self._files = ShardFolder(folder)
        self.clips: Sequence[Clip] = self._files.clips if clips is None else clips
        if len(self.clips) != len(self._files):
            raise ValueError(f"{len(self.clips)} clips are given for the {len(self._files)} of {folder}")
        self.sample_rate = sample_rate
        self.durations_s: npt.NDArray[np.float32] = self._files.durations_s

    def __len__(self) -> int:
        return len(self.clips)

    def waveform(self, i: int) -> Array:
        """The whole of a clip, `(samples,)`.

        Raises:
            AudioDecodeError: It is a copy of a file that cannot be read; the message names clip and shard.
            DataError: What lies there is not the clip.
        """
        data, gain = self._files.sound(i)
        waveform = decode_wav(data, self.sample_rate, gain)
        if waveform is not None:
            return waveform
        waveform = load_sound(NamedBytes(data, self._files.name(i)), sample_rate=self.sample_rate)
        return waveform if gain == 1 else waveform * np.float32(gain)
