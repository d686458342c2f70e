"""A folder of packed shards: what is known of its clips, and the file of each as it was packed.

shard-000000.tar    a plain tar file in the layout of WebDataset, for each clip 000000000.flac and 000000000.json
shard-000000.json   how it was written, so that a writing that was stopped goes on (see `writer`)
...
index.npz           where every clip lies and what is known of it (see `index`)
"""

from __future__ import annotations

import io
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from panns.data.clips.table import ClipTable
from panns.data.shards.index import INDEX_FILE, ShardIndex, sample_name, shard_name
from panns.data.shards.open_files import OpenFiles
from panns.data.shards.tar import BLOCK
from panns.errors import DataError

_REMEDY = "copy it again, or remove it and write the shards again with the same settings, which makes what is missing"


def holds_shards(folder: Path) -> bool:
    """Whether a folder holds packed shards, finished or not."""
    return (folder / INDEX_FILE).is_file() or (folder / shard_name(0)).is_file()


class PackedSound(NamedTuple):
    """The file of a clip.

    Attributes:
        data: Its bytes.
        gain: What its samples have to be multiplied with.
    """

    data: memoryview
    gain: float


class ShardFolder:
    """The clips of a folder of packed shards, in the order in which they lie there.

    Any thread may read any clip at any time.

    Attributes:
        folder: Where they lie.
        clips: What is known of them.
        durations_s: Seconds of every clip; of a file that was copied, by its header.
    """

    def __init__(self, folder: Path) -> None:
        """Open a folder that `write_shards` has written.

        Raises:
            DataError: The index is missing or damaged, or a shard is missing or has another size.
        """
        self.folder = folder
        self._index = ShardIndex.read(folder)
        self.clips: ClipTable = self._index.clips
        self.durations_s: npt.NDArray[np.float32] = self._index.duration_s
        self._files = OpenFiles()
        self._check_shards()

    def _check_shards(self) -> None:
        for number, n_expected in enumerate(self._index.shard_n_bytes.tolist()):
            path = self.folder / shard_name(number)
            try:
                n_bytes = path.stat().st_size
            except OSError as exc:
                problem = f"cannot be found ({exc.strerror}), one of {len(self._index.shard_n_bytes)} shards"
                raise DataError(f"{path} {problem}; {_REMEDY}") from exc
            if n_bytes != n_expected:
                raise DataError(f"{path} has {n_bytes:,} bytes and should have {n_expected:,}; {_REMEDY}")

    def __len__(self) -> int:
        return len(self.clips)

    def sound(self, i: int) -> PackedSound:
        """The file of a clip.

        Raises:
            DataError: What lies there is not the clip.
        """
        number, sample = self._index.find(i)
        path = self.folder / shard_name(number)
        # With the header before it, which tells whether this is the shard that the index was made with.
        block = self._files.read(path, sample.offset - BLOCK, BLOCK + sample.n_bytes)
        name = sample_name(sample.key, sample.suffix)
        if len(block) < BLOCK + sample.n_bytes or block[: len(name) + 1] != f"{name}\0".encode():
            raise DataError(f"{path} does not hold {name} where the index says; {_REMEDY}")
        return PackedSound(memoryview(block)[BLOCK:], sample.gain)

    def name(self, i: int) -> str:
        """Which clip it is and where it lies, for messages."""
        return f"{self.clips[i].path} in {self.folder / shard_name(self._index.find(i)[0])}"


class NamedBytes(io.BytesIO):
    """Bytes with a name for messages."""

    def __init__(self, data: memoryview, name: str) -> None:
        super().__init__(data)
        self.name = name
