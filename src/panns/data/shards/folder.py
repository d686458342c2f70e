"""A folder of shards: its clips, and the packed file of each.

shard-000000.tar    plain tar file in the layout of WebDataset: 000000000.flac and 000000000.json for each clip
shard-000000.json   record of how the shard was written, to continue after an interruption (see `record`)
...
index.npz           place, labels and other fields of every clip (see `index`)
"""

from __future__ import annotations

import copy
import io
import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from panns.data.clips.clip import Clip
from panns.data.clips.subset import ClipSubset
from panns.data.shards.index import INDEX_FILE, ShardIndex, sample_name, shard_name
from panns.data.shards.open_files import OpenFiles
from panns.data.shards.tar import BLOCK
from panns.errors import DataError

_REMEDY = "copy it again, or remove it and repeat `panns data shard` with the same settings, which keeps intact shards"


def holds_shards(folder: Path) -> bool:
    """True if a folder holds shards, complete or not."""
    return (folder / INDEX_FILE).is_file() or (folder / shard_name(0)).is_file()


class PackedSound(NamedTuple):
    """The packed file of a clip.

    Attributes:
        data: Bytes of the file.
        gain: Factor that restores the level of the decoded samples.
    """

    data: memoryview
    gain: float


class ShardFolder:
    """Clips of a folder of shards, in the order in which they are stored; any thread may read any clip at any time.

    Attributes:
        folder: Folder with the shards and their index.
        clips: The clips.
        durations_s: Duration of every clip, in seconds; from the header for clips that were copied into the shard.
        places: Indices of selected clips among all of the shards; None for all.
    """

    def __init__(self, folder: Path) -> None:
        """Open a folder that `write_shards` wrote.

        Raises:
            DataError: The index is missing or damaged, or a shard is missing or has another size.
        """
        self.folder = folder
        self._index = ShardIndex.read(folder)
        self.clips: Sequence[Clip] = self._index.clips
        self.durations_s: npt.NDArray[np.float32] = self._index.duration_s
        self.places: npt.NDArray[np.int64] | None = None
        self._files = OpenFiles()
        self._check_shards()

    def _check_shards(self) -> None:
        for number, n_expected in enumerate(self._index.shard_n_bytes.tolist()):
            path = self.folder / shard_name(number)
            try:
                n_bytes = path.stat().st_size
            except OSError as exc:
                n_shards = len(self._index.shard_n_bytes)
                raise DataError(f"{path} is missing ({exc.strerror}), one of {n_shards} shards; {_REMEDY}") from exc
            if n_bytes != n_expected:
                raise DataError(f"{path} has {n_bytes:,} bytes instead of {n_expected:,}; {_REMEDY}")

    def __len__(self) -> int:
        return len(self.clips)

    def select(self, indices: npt.NDArray[np.int64]) -> ShardFolder:
        """These shards with the clips of these indices alone, in this order."""
        selected = copy.copy(self)
        selected.clips = ClipSubset(self.clips, indices)
        selected.durations_s = self.durations_s[indices]
        selected.places = indices if self.places is None else self.places[indices]
        return selected

    def _place(self, i: int) -> int:
        """Index of a clip among all of the shards."""
        return i if self.places is None else int(self.places[i])

    def sound(self, i: int) -> PackedSound:
        """Read the packed file of a clip; the checksum takes 0.4 ms a megabyte.

        Raises:
            DataError: The shard does not hold the clip where the index says, or the file is damaged.
        """
        number, sample = self._index.find(self._place(i))
        path = self.folder / shard_name(number)
        # The tar header before the file shows whether the shard and the index belong to each other.
        block = self._files.read(path, sample.offset - BLOCK, BLOCK + sample.n_bytes)
        name = sample_name(sample.key, sample.suffix)
        if len(block) < BLOCK + sample.n_bytes or block[: len(name) + 1] != f"{name}\0".encode():
            raise DataError(f"{path} does not hold {name} where the index says; {_REMEDY}")
        data = memoryview(block)[BLOCK:]
        if zlib.crc32(data) != sample.crc32:
            raise DataError(f"{path}: {name} differs from its checksum; {_REMEDY}")
        return PackedSound(data, sample.gain)

    def name(self, i: int) -> str:
        """Path of a clip and its shard, for messages."""
        return f"{self.clips[i].path} in {self.folder / shard_name(self._index.find(self._place(i))[0])}"


class NamedBytes(io.BytesIO):
    """Bytes in memory with a name for messages."""

    def __init__(self, data: memoryview, name: str) -> None:
        super().__init__(data)
        self.name = name
