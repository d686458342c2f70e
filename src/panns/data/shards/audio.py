"""Clips packed into a few large files, read from anywhere in them.

shard-000000.tar    a plain tar file in the layout of WebDataset, for each clip 000000000.flac and 000000000.json
shard-000000.json   how it was written, so that a writing that was stopped goes on (see `writer`)
...
index.npz           where every clip lies and what is known of it (see `shard_index`)
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from panns.audio import load_audio
from panns.data.clip import Clip
from panns.data.shards.index import ShardIndex, sample_name, shard_name
from panns.data.shards.open_files import OpenFiles
from panns.data.shards.pcm16 import decode_wav
from panns.data.shards.tar import BLOCK
from panns.errors import DataError

Array = npt.NDArray[np.float32]

_REMEDY = "copy it again, or remove it and write the shards again with the same settings, which makes what is missing"


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
        self._folder = folder
        self._index = ShardIndex.read(folder)
        self.clips: Sequence[Clip] = self._index.clips if clips is None else clips
        if len(self.clips) != len(self._index.clips):
            raise ValueError(f"{len(self.clips)} clips are given for the {len(self._index.clips)} of {folder}")
        self.sample_rate = sample_rate
        self.durations_s: npt.NDArray[np.float32] = self._index.duration_s
        self._files = OpenFiles()
        self._check_shards()

    def _check_shards(self) -> None:
        for number, n_expected in enumerate(self._index.shard_n_bytes.tolist()):
            path = self._folder / shard_name(number)
            try:
                n_bytes = path.stat().st_size
            except OSError as exc:
                problem = f"cannot be found ({exc.strerror}), one of {len(self._index.shard_n_bytes)} shards"
                raise DataError(f"{path} {problem}; {_REMEDY}") from exc
            if n_bytes != n_expected:
                raise DataError(f"{path} has {n_bytes:,} bytes and should have {n_expected:,}; {_REMEDY}")

    def __len__(self) -> int:
        return len(self.clips)

    def waveform(self, i: int) -> Array:
        """The whole of a clip, `(samples,)`.

        Raises:
            AudioDecodeError: It is a copy of a file that cannot be read; the message names clip and shard.
            DataError: What lies there is not the clip.
        """
        number, sample = self._index.find(i)
        path = self._folder / shard_name(number)
        # With the header before it, which tells whether this is the shard that the index was made with.
        block = self._files.read(path, sample.offset - BLOCK, BLOCK + sample.n_bytes)
        name = sample_name(sample.key, sample.suffix)
        if len(block) < BLOCK + sample.n_bytes or block[: len(name) + 1] != f"{name}\0".encode():
            raise DataError(f"{path} does not hold {name} where the index says; {_REMEDY}")
        data = memoryview(block)[BLOCK:]
        waveform = decode_wav(data, self.sample_rate, sample.gain)
        if waveform is not None:
            return waveform
        waveform = load_audio(_Named(data, f"{self.clips[i].path} in {path}"), sample_rate=self.sample_rate)
        return waveform if sample.gain == 1 else waveform * np.float32(sample.gain)


class _Named(io.BytesIO):
    """Bytes with a name for messages."""

    def __init__(self, data: memoryview, name: str) -> None:
        super().__init__(data)
        self.name = name
