"""Index of a folder of shards: the clips, and the place of each, in one file of arrays."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np

from panns.data.clips.clip import Clip
from panns.data.clips.table import ClipTable, Column, clip_columns, collapse_constant, smallest_type
from panns.errors import DataError
from panns.system.array_files import read_arrays
from panns.system.files import replacing

INDEX_FILE = "index.npz"
FORMAT = 2  # the first one had no checksums
# Kinds of numbers in each column, beside whole ones.
_KINDS = {"suffixes": "U", "duration_s": "f", "gain": "f"}


class Sample(NamedTuple):
    """One clip in a shard.

    Attributes:
        key: Index of the clip in its clip list; it names the files of the clip in the shard.
        suffix: Suffix of the sound file.
        offset: Position of the sound file in the shard, in bytes.
        n_bytes: Size of the sound file.
        duration_s: Duration in seconds; from the header if the file was copied.
        gain: Factor that restores the level of the decoded samples.
        crc32: Checksum of the sound file.
    """

    key: int
    suffix: str
    offset: int
    n_bytes: int
    duration_s: float
    gain: float
    crc32: int


def sample_name(key: int, suffix: str) -> str:
    """Name of a file of a clip in its shard.

    Examples:
        >>> sample_name(12, "json")
        '000000012.json'
    """
    return f"{key:09d}.{suffix}"


def shard_name(number: int) -> str:
    """File name of a shard.

    Examples:
        >>> shard_name(3)
        'shard-000003.tar'
    """
    return f"shard-{number:06d}.tar"


def write_index(folder: Path, shards: Sequence[tuple[int, Sequence[Sample]]], clips: Sequence[Clip]) -> None:
    """Write the index of a folder of shards.

    Args:
        folder: Folder with the shards.
        shards: Size in bytes and samples of every shard.
        clips: The clips of all samples, in the same order.
    """
    samples = [sample for _, in_shard in shards for sample in in_shard]
    suffixes = sorted({sample.suffix for sample in samples})
    columns = {
        "format": np.array(FORMAT),
        "shard_n_bytes": np.array([n_bytes for n_bytes, _ in shards], np.int64),
        "shard_starts": np.cumsum([0, *(len(in_shard) for _, in_shard in shards)]),
        "key": smallest_type(np.array([sample.key for sample in samples], np.int64)),
        "suffix": collapse_constant(
            smallest_type(np.array([suffixes.index(sample.suffix) for sample in samples], np.int64))
        ),
        "suffixes": np.array(suffixes or [""]),
        "offset": smallest_type(np.array([sample.offset for sample in samples], np.int64)),
        "n_bytes": collapse_constant(smallest_type(np.array([sample.n_bytes for sample in samples], np.int64))),
        "duration_s": collapse_constant(np.array([sample.duration_s for sample in samples], np.float32)),
        "gain": collapse_constant(np.array([sample.gain for sample in samples], np.float32)),
        "crc32": np.array([sample.crc32 for sample in samples], np.uint32),
    }
    with replacing(folder / INDEX_FILE) as partial:
        np.savez(partial, allow_pickle=False, **columns, **clip_columns(clips))


@dataclass(frozen=True)
class ShardIndex:
    """Clips of a folder of shards, and their places.

    Attributes:
        clips: The clips.
        shard_n_bytes: Size of every shard, in bytes.
        duration_s: Duration of every clip, in seconds.
    """

    clips: ClipTable
    shard_n_bytes: Column
    duration_s: Column
    _columns: Mapping[str, Column]

    @classmethod
    def read(cls, folder: Path) -> ShardIndex:
        """Read the index of a folder.

        Raises:
            DataError: The index is missing or damaged.
        """
        path = folder / INDEX_FILE
        if not path.exists():
            raise DataError(
                f"{folder} has no {INDEX_FILE}: it is not a folder of shards, or its writing was interrupted; repeat "
                f"`panns data shard` with the same settings, which keeps finished shards"
            )
        try:
            return cls._of(read_arrays(path))
        except (ValueError, KeyError, TypeError, OverflowError, MemoryError) as exc:
            raise DataError(
                f"{path} is damaged ({exc}); remove it and repeat `panns data shard` with the same settings, which "
                f"rebuilds it from the shards"
            ) from exc

    @classmethod
    def _of(cls, columns: Mapping[str, Column]) -> ShardIndex:
        if columns["format"].tolist() != FORMAT:
            raise ValueError(f"format {columns['format']}, while this version of panns reads {FORMAT}")
        for name in ("shard_n_bytes", "shard_starts", "suffixes", *Sample._fields):
            if columns[name].ndim != 1 or columns[name].dtype.kind not in _KINDS.get(name, "iu"):
                raise ValueError(f"{name} of type {columns[name].dtype}")
            if columns[name].dtype.kind in "if" and not (columns[name] >= 0).all():  # False for NaN
                raise ValueError(f"{name} holds a negative number or NaN")
        # The one column that always has a value a clip bounds the number of clips by the size of the file.
        if columns["key"].shape != (columns["n_clips"].tolist(),):
            raise ValueError(f"keys of shape {columns['key'].shape} for {columns['n_clips'].tolist()} clips")
        clips = ClipTable(columns)
        if columns["suffix"].max(initial=0) >= len(columns["suffixes"]):
            raise ValueError("unknown suffixes")
        each = {name: np.broadcast_to(columns[name], len(clips)) for name in Sample._fields}
        index = cls(clips, columns["shard_n_bytes"], each["duration_s"], {**columns, **each})
        starts = columns["shard_starts"]
        steps = starts[1:].astype(np.int64) - starts[:-1].astype(np.int64)
        if len(starts) != len(index.shard_n_bytes) + 1 or starts[-1] != len(clips) or starts[0] or (steps < 0).any():
            raise ValueError("shards and clips differ in number")
        ends = each["offset"] + each["n_bytes"].astype(np.int64)
        if (ends > np.repeat(index.shard_n_bytes, steps)).any():
            raise ValueError("clips beyond the end of their shard")
        return index

    def find(self, i: int) -> tuple[int, Sample]:
        """Find a clip: the number of its shard, and its place in it."""
        if not 0 <= i < len(self.clips):
            raise IndexError(f"clip {i} is out of range for {len(self.clips)} clips")
        columns = self._columns
        shard = int(np.searchsorted(columns["shard_starts"], i, side="right")) - 1
        values = {name: columns[name][i].item() for name in Sample._fields}
        return shard, Sample(**{**values, "suffix": str(columns["suffixes"][values["suffix"]])})
