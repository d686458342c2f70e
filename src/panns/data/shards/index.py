"""The index of packed shards: where the sound of every clip lies, and what is known of it, in one file of arrays."""

from __future__ import annotations

import zipfile
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np

from panns.data.clips.clip import Clip
from panns.data.clips.table import ClipTable, Column, clip_columns, once, smallest
from panns.errors import DataError
from panns.system.files import replacing

INDEX_FILE = "index.npz"
# What numpy and zipfile raise for files that are not, or no longer, what they wrote. (A RuntimeError: of a flipped bit
# that says that the file is encrypted; a MemoryError: of one in the size of an array.)
_DAMAGE = (zipfile.BadZipFile, zlib.error, KeyError, ValueError, EOFError, OSError, RuntimeError, MemoryError)
_FORMAT = 1


class Sample(NamedTuple):
    """One clip in a shard.

    Attributes:
        key: Its number in the manifest, which names its files in the shard.
        suffix: Of the file with its sound.
        offset: Where the bytes of that file begin in the shard.
        n_bytes: How many there are.
        duration_s: How long it lasts; of a file that was copied, by its header.
        gain: What the decoded sound has to be multiplied with.
    """

    key: int
    suffix: str
    offset: int
    n_bytes: int
    duration_s: float
    gain: float


def sample_name(key: int, suffix: str) -> str:
    """What a file of a clip is called in its shard.

    Example:
        >>> sample_name(12, "json")
        '000000012.json'
    """
    return f"{key:09d}.{suffix}"


def shard_name(number: int) -> str:
    """What the shard of this number is called.

    Example:
        >>> shard_name(3)
        'shard-000003.tar'
    """
    return f"shard-{number:06d}.tar"


def write_index(folder: Path, shards: Sequence[tuple[int, Sequence[Sample]]], clips: Sequence[Clip]) -> None:
    """Write the index of a folder.

    Args:
        folder: That holds the shards.
        shards: Size in bytes and samples of every shard.
        clips: Those of all samples, in the same order.
    """
    samples = [sample for _, in_shard in shards for sample in in_shard]
    suffixes = sorted({sample.suffix for sample in samples})
    columns = {
        "format": np.array(_FORMAT),
        "shard_n_bytes": np.array([n_bytes for n_bytes, _ in shards], np.int64),
        "shard_starts": np.cumsum([0, *(len(in_shard) for _, in_shard in shards)]),
        "key": smallest(np.array([sample.key for sample in samples], np.int64)),
        "suffix": once(smallest(np.array([suffixes.index(sample.suffix) for sample in samples], np.int64))),
        "suffixes": np.array(suffixes or [""]),
        "offset": smallest(np.array([sample.offset for sample in samples], np.int64)),
        "n_bytes": once(smallest(np.array([sample.n_bytes for sample in samples], np.int64))),
        "duration_s": once(np.array([sample.duration_s for sample in samples], np.float32)),
        "gain": once(np.array([sample.gain for sample in samples], np.float32)),
    }
    with replacing(folder / INDEX_FILE) as partial:
        np.savez(partial, allow_pickle=False, **columns, **clip_columns(clips))


@dataclass(frozen=True)
class ShardIndex:
    """Where the clips of a folder of shards lie; arrays have one value for each clip.

    Attributes:
        clips: What is known of them.
        shard_n_bytes: Size of every shard.
        duration_s: Seconds of every clip.
    """

    clips: ClipTable
    shard_n_bytes: Column
    duration_s: Column
    _columns: Mapping[str, Column]

    @classmethod
    def read(cls, folder: Path) -> ShardIndex:
        """The index of a folder.

        Raises:
            DataError: There is none, or it is damaged.
        """
        path = folder / INDEX_FILE
        try:
            # Opened here, since numpy leaves a damaged file open.
            with path.open("rb") as file, np.load(file, allow_pickle=False) as arrays:
                return cls._of({name: arrays[name] for name in arrays.files})
        except FileNotFoundError:
            raise DataError(
                f"{folder} has no {INDEX_FILE}, so it is no folder of packed shards or its writing did not come to its "
                f"end; write it again with the same settings, what is finished is kept"
            ) from None
        except _DAMAGE as exc:
            raise DataError(
                f"{path} is damaged ({exc}); remove it and write the shards again with the same settings, which makes "
                f"it anew from what is there"
            ) from exc

    @classmethod
    def _of(cls, columns: Mapping[str, Column]) -> ShardIndex:
        if int(columns["format"]) != _FORMAT:
            raise ValueError(f"its format is {columns['format']}, this version of panns reads {_FORMAT}")
        clips = ClipTable(columns)
        each = {name: np.broadcast_to(columns[name], len(clips)) for name in Sample._fields}
        index = cls(clips, columns["shard_n_bytes"], each["duration_s"], {**columns, **each})
        starts = columns["shard_starts"]
        if len(starts) != len(index.shard_n_bytes) + 1 or starts[-1] != len(clips):
            raise ValueError("its shards do not hold its clips")
        ends = each["offset"] + each["n_bytes"].astype(np.int64)
        if (ends > np.repeat(index.shard_n_bytes, np.diff(starts))).any():
            raise ValueError("it has clips behind the end of their shard")
        return index

    def find(self, i: int) -> tuple[int, Sample]:
        """The number of the shard that a clip lies in, and where in it."""
        if not 0 <= i < len(self.clips):
            raise IndexError(f"there is no clip {i} of {len(self.clips)}")
        columns = self._columns
        shard = int(np.searchsorted(columns["shard_starts"], i, side="right")) - 1
        key, suffix, offset, n_bytes, duration_s, gain = (columns[name][i].item() for name in Sample._fields)
        return shard, Sample(key, str(columns["suffixes"][suffix]), offset, n_bytes, duration_s, gain)
