"""Stores of clips that a check reads: files of a clip list, or shards."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

from panns.data.clips.clip import ClipList
from panns.data.quality.inspect import (
    Inspection,
    inspect_file,
    inspect_whole,
    load_head,
    load_head_of_file,
    report_unreadable,
)
from panns.data.shards.folder import NamedBytes, ShardFolder
from panns.errors import PannsError
from panns.system.arrays import Array


class ClipStore(Protocol):
    """Clips to inspect; any thread may inspect any of them.

    Attributes:
        clip_list: The clips.
        by_file: Indices of the clips of each file, in the order in which one pass over the file reads them.
    """

    clip_list: ClipList
    by_file: list[list[int]]

    def inspect(self, indices: Sequence[int], min_duration_s: float) -> list[Inspection]:
        """Inspect clips of one file."""
        ...

    def head(self, i: int, sample_rate: int) -> Array:
        """Load the first minute of a clip, `(samples,)`."""
        ...


class FileStore:
    """Clips of a list, in their files."""

    def __init__(self, clip_list: ClipList) -> None:
        self.clip_list = clip_list
        clips = clip_list.clips
        of_file: dict[str, list[int]] = defaultdict(list)
        for i, clip in enumerate(clips):
            of_file[str(clip_list.file(clip))].append(i)
        self.by_file = [sorted(indices, key=lambda i: clips[i].onset_s or 0.0) for indices in of_file.values()]

    def inspect(self, indices: Sequence[int], min_duration_s: float) -> list[Inspection]:
        """Inspect clips of one file."""
        clips = [self.clip_list.clips[i] for i in indices]
        return inspect_file(self.clip_list.file(clips[0]), clips, min_duration_s=min_duration_s)

    def head(self, i: int, sample_rate: int) -> Array:
        """Load the first minute of a clip, `(samples,)`."""
        clip = self.clip_list.clips[i]
        return load_head(self.clip_list.file(clip), clip, sample_rate)


class ShardStore:
    """Clips of a folder of shards; each has a file of its own in a shard, also if it was cut out of a longer one."""

    def __init__(self, shards: ShardFolder) -> None:
        self.clip_list = ClipList(Path(), shards.clips)
        self.by_file = [[i] for i in range(len(shards))]
        self._shards = shards

    def inspect(self, indices: Sequence[int], min_duration_s: float) -> list[Inspection]:
        """Inspect clips one by one."""
        return [self._inspect(i, min_duration_s) for i in indices]

    def _inspect(self, i: int, min_duration_s: float) -> Inspection:
        clip = self.clip_list.clips[i]
        try:
            data, gain = self._shards.sound(i)
            sound = NamedBytes(data, self._shards.name(i))
            return inspect_whole(sound, clip, min_duration_s=min_duration_s, gain=gain)
        except PannsError as exc:
            return report_unreadable(clip, exc)

    def head(self, i: int, sample_rate: int) -> Array:
        """Load the first minute of a clip, `(samples,)`, at its stored level, which comparisons ignore."""
        return load_head_of_file(NamedBytes(self._shards.sound(i).data, self._shards.name(i)), sample_rate)
