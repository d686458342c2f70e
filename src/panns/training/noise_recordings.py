"""The recordings of noise that a run learns with: none of them tells anything of the clips it is tested with."""

from __future__ import annotations

import logging
from pathlib import Path

import numpy as np

from panns.data.clip_lists import ClipList
from panns.data.clips.audio import ClipAudio
from panns.data.clips.clip import Clip
from panns.data.clips.subset import AudioSubset, ClipSubset
from panns.data.shards import ShardFolder
from panns.errors import DataError
from panns.system.progress import OnProgress, ignore_progress
from panns.training.dataset import Indices, Parts, audio_at, clips_at
from panns.training.engine.distributed import World
from panns.training.settings import DataSettings

logger = logging.getLogger(__name__)


def noise_of(
    settings: DataSettings,
    parts: Parts,
    *,
    sample_rate: int,
    world: World,
    on_progress: OnProgress = ignore_progress,
) -> ClipAudio | None:
    """The recordings of noise that may be learned with; None where the settings name none.

    Args:
        settings: Where they are listed, and the clips.
        parts: What of the clips is tested and validated with.
        sample_rate: That is wanted.
        world: The processes that train together.
        on_progress: Called with the recordings decoded and all.

    Raises:
        DataError: All of them are of what is tested or validated with.
    """
    if not settings.noise:
        return None
    clips, noises = clips_at(Path(settings.clips)), clips_at(Path(settings.noise))
    usable = noise_apart_from(noises, clips, np.concatenate([parts.validation, parts.test, parts.left_out]))
    if not len(usable):
        raise DataError(
            f"every recording of {settings.noise} is of a source, or a file, that is tested or validated with; "
            "add others"
        )
    if n_left_out := len(noises.clips) - len(usable):
        logger.info("%d of %d recordings of noise are tested or validated with", n_left_out, len(noises.clips))
    audio = audio_at(Path(settings.noise), sample_rate, decoded=settings.decoded, world=world, on_progress=on_progress)
    return AudioSubset(audio, usable)


def noise_apart_from(noises: ClipList | ShardFolder, clips: ClipList | ShardFolder, held_out: Indices) -> Indices:
    """Numbers of the recordings of noise that tell nothing of the clips held out: no source of theirs, no file.

    A file inside of shards cannot be known as one outside of them; there the sources alone tell.

    Args:
        noises: The recordings.
        clips: All clips.
        held_out: Numbers of those that are tested or validated with, or of one recording with them.
    """
    apart = ClipSubset(clips.clips, held_out)
    sources, files = {clip.source for clip in apart} - {""}, {_file_of(clips, clip) for clip in apart}
    is_usable = [clip.source not in sources and _file_of(noises, clip) not in files for clip in noises.clips]
    return np.flatnonzero(is_usable)


def _file_of(clips: ClipList | ShardFolder, clip: Clip) -> str:
    return str((clips.file(clip) if isinstance(clips, ClipList) else clips.folder / clip.path).resolve())
