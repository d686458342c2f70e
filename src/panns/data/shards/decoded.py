"""Clips decoded once: a small set of them fits the memory in which the system keeps files, and is copied from there."""

from __future__ import annotations

import hashlib
from pathlib import Path

from panns.data.clip_lists import ClipList
from panns.data.clips.clip import Clip
from panns.data.shards import ShardAudio, ShardSettings
from panns.data.shards.index import INDEX_FILE
from panns.data.shards.record import size_and_time
from panns.data.shards.writer import write_shards
from panns.errors import DataError
from panns.system.progress import OnProgress, ignore_progress

# Enough shards for the threads of a large machine to share, and for a writing that is stopped to lose little.
_N_SHARDS = 64
_MAX_CLIPS_PER_SHARD = 1000


def decode_once(
    manifest: ClipList,
    sample_rate: int,
    folder: Path,
    *,
    n_threads: int | None = None,
    on_progress: OnProgress = ignore_progress,
) -> ShardAudio:
    """The clips of a manifest from shards of 16-bit WAV at one rate, which are written first where they are not yet.

    Which they are is told by the files, their sizes and times, the stretches and the rate. Labels and the rest are
    those of the manifest now. What was stopped goes on, and what was damaged is made again, when the same is asked.

    Args:
        manifest: The clips.
        sample_rate: That is wanted.
        folder: Holds such shards for any number of manifests and rates, each in a folder of its own.
        n_threads: Shards that are written at once; None for as many as there are cores.
        on_progress: Called with the clips that are done, while they are written.

    Raises:
        AudioDecodeError: A clip cannot be read.
        DataError: There are no clips.
    """
    # Labels, folds and licences may change without a new decoding.
    sounds = [
        Clip(str(manifest.file(one).absolute()), onset_s=one.onset_s, offset_s=one.offset_s) for one in manifest.clips
    ]
    own_folder = folder / _digest(sounds, sample_rate)
    if (own_folder / INDEX_FILE).is_file():
        try:
            return ShardAudio(own_folder, sample_rate, clips=manifest.clips)
        except DataError:  # damaged or partly removed; what is whole is kept
            (own_folder / INDEX_FILE).unlink()
    n_in_shard = min(-(-len(sounds) // _N_SHARDS), _MAX_CLIPS_PER_SHARD)
    settings = ShardSettings("wav", sample_rate, clips_per_shard=max(n_in_shard, 1))
    write_shards(ClipList(Path(), tuple(sounds)), own_folder, settings, n_threads=n_threads, on_progress=on_progress)
    return ShardAudio(own_folder, sample_rate, clips=manifest.clips)


def _digest(sounds: list[Clip], sample_rate: int) -> str:
    digest = hashlib.sha256(f"{sample_rate}\n".encode())
    for clip in sounds:
        digest.update(f"{clip.path!r} {clip.onset_s} {clip.offset_s} {size_and_time(Path(clip.path))}\n".encode())
    return digest.hexdigest()[:32]
