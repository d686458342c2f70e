"""Clip lists, shards and their audio: what a run reads from disk."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from panns.data.clip_lists import ClipList, read_clip_list
from panns.data.clips.audio import ClipAudio, FileAudio
from panns.data.clips.clip import Clip
from panns.data.clips.subset import ClipSubset
from panns.data.shards import ShardAudio, ShardFolder, holds_shards
from panns.data.shards.decoded import decode_once
from panns.system.progress import OnProgress, ignore_progress
from panns.training.engine.distributed import World

Indices: TypeAlias = npt.NDArray[np.int64]
ClipSource: TypeAlias = ClipList | ShardFolder
"""A clip list, or the clips in a folder of shards."""


@dataclass(frozen=True, eq=False)
class Recordings:
    """Clips and their audio.

    Attributes:
        source: The clip list or the shards.
        audio: Audio of the clips, at one sample rate.
    """

    source: ClipSource
    audio: ClipAudio

    def __len__(self) -> int:
        return len(self.audio)

    @property
    def clips(self) -> Sequence[Clip]:
        """The clips, with the labels of the source."""
        return self.audio.clips


def read_clip_source(path: Path) -> ClipSource:
    """Read a clip list, or the index of a folder of shards."""
    return ShardFolder(path) if holds_shards(path) else read_clip_list(path)


def open_recordings(
    source: ClipSource,
    sample_rate: int,
    *,
    decoded: str = "",
    world: World | None = None,
    on_progress: OnProgress = ignore_progress,
) -> Recordings:
    """Open the audio of clips.

    Args:
        source: The clips.
        sample_rate: Sample rate of the audio, in Hz.
        decoded: Folder for decoded clips. The first process decodes while the others wait. Empty to decode a clip
            whenever it is read; shards are always read in place.
        world: The processes that train.
        on_progress: Called with the clips decoded.
    """
    if isinstance(source, ShardFolder):
        return Recordings(source, ShardAudio(source, sample_rate))
    if not decoded:
        return Recordings(source, FileAudio(source, sample_rate))
    with (world or World()).first_process_first():
        return Recordings(source, decode_once(source, sample_rate, Path(decoded), on_progress=on_progress))


def find_unrelated(recordings: ClipSource, clips: ClipSource, held_out: Indices) -> Indices:
    """Find the recordings that share neither a source nor a file with held-out clips.

    The file of a clip inside shards is unknown, so there only the source counts.

    Args:
        recordings: The recordings to choose from, such as noise.
        clips: All clips of a data set.
        held_out: Indices of the clips that validate and test.

    Returns:
        Indices of recordings, in ascending order.
    """
    others = ClipSubset(clips.clips, held_out)
    sources, files = {clip.source for clip in others} - {""}, {_file_path(clips, clip) for clip in others}
    is_unrelated = [
        clip.source not in sources and _file_path(recordings, clip) not in files for clip in recordings.clips
    ]
    return np.flatnonzero(is_unrelated)


def _file_path(source: ClipSource, clip: Clip) -> str:
    return str((source.file(clip) if isinstance(source, ClipList) else source.folder / clip.path).resolve())
