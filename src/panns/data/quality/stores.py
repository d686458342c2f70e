"""Where a check hears its clips: in the files of a manifest, or in packed shards."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

import numpy as np
import numpy.typing as npt

from panns.data.clip_lists.clip_list import ClipList
from panns.data.quality.inspect import Inspection, head_of, head_of_whole, inspect_file, inspect_whole, unreadable
from panns.data.shards.folder import NamedBytes, ShardFolder
from panns.errors import PannsError

Array = npt.NDArray[np.float32]


class Sounds(Protocol):
    """Clips to be heard; any thread may hear any of them.

    Attributes:
        manifest: What is known of them.
        by_file: Numbers of clips that are of one file, in the order in which one pass over it hears them.
    """

    manifest: ClipList
    by_file: list[list[int]]

    def hear(self, numbers: Sequence[int], min_duration_s: float) -> list[Inspection]:
        """What is heard of clips of one file."""
        ...

    def head(self, i: int, sample_rate: int) -> Array:
        """The first minute of a clip, `(samples,)`."""
        ...


class FileStore:
    """The clips of a manifest, in their files."""

    def __init__(self, manifest: ClipList) -> None:
        self.manifest = manifest
        clips = manifest.clips
        of_file: dict[str, list[int]] = defaultdict(list)
        for i, clip in enumerate(clips):
            of_file[str(manifest.file(clip))].append(i)
        self.by_file = [sorted(numbers, key=lambda i: clips[i].onset_s or 0.0) for numbers in of_file.values()]

    def hear(self, numbers: Sequence[int], min_duration_s: float) -> list[Inspection]:
        """What is heard of clips of one file."""
        clips = [self.manifest.clips[i] for i in numbers]
        return inspect_file(self.manifest.file(clips[0]), clips, min_duration_s=min_duration_s)

    def head(self, i: int, sample_rate: int) -> Array:
        """The first minute of a clip, `(samples,)`."""
        clip = self.manifest.clips[i]
        return head_of(self.manifest.file(clip), clip, sample_rate)


class ShardStore:
    """The clips of packed shards; what was a stretch of a file is a file of its own there."""

    def __init__(self, shards: ShardFolder) -> None:
        self.manifest = ClipList(Path(), shards.clips)
        self.by_file = [[i] for i in range(len(shards))]
        self._shards = shards

    def hear(self, numbers: Sequence[int], min_duration_s: float) -> list[Inspection]:
        """What is heard of clips, each for itself."""
        return [self._hear(i, min_duration_s) for i in numbers]

    def _hear(self, i: int, min_duration_s: float) -> Inspection:
        clip = self.manifest.clips[i]
        try:
            data, gain = self._shards.sound(i)
            sound = NamedBytes(data, self._shards.name(i))
            return inspect_whole(sound, clip, min_duration_s=min_duration_s, gain=gain)
        except PannsError as problem:
            return unreadable(clip, problem)

    def head(self, i: int, sample_rate: int) -> Array:
        """The first minute of a clip, `(samples,)`; its level does not matter to a comparison."""
        return head_of_whole(NamedBytes(self._shards.sound(i).data, self._shards.name(i)), sample_rate)
