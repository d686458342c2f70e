"""Cache of decoded clips: shards of 16-bit WAV, which a later run copies from memory or disk instead of decoding."""

from __future__ import annotations

import hashlib
from pathlib import Path

from panns.data.clips.clip import Clip, ClipList
from panns.data.shards.audio import ShardAudio
from panns.data.shards.index import INDEX_FILE
from panns.data.shards.record import size_and_time
from panns.data.shards.settings import ShardSettings
from panns.data.shards.writer import write_shards
from panns.errors import DataError
from panns.system.progress import OnProgress, ignore_progress

# Enough shards to occupy the threads of a large machine, and to lose little when writing is interrupted.
_N_SHARDS = 64
_MAX_CLIPS_PER_SHARD = 1000


def decode_once(
    clip_list: ClipList,
    sample_rate: int,
    folder: Path,
    *,
    n_threads: int | None = None,
    on_progress: OnProgress = ignore_progress,
) -> ShardAudio:
    """Decode clips into a cache of 16-bit WAV shards, or open the shards that an earlier call wrote.

    Files (with their sizes and times), stretches and sample rate identify the shards. Labels, folds and licences may
    change without a new decoding: the result has those of `clip_list`. A call continues an interrupted one and repairs
    damaged shards.

    Args:
        clip_list: The clips.
        sample_rate: Sample rate of the waveforms, in Hz.
        folder: Folder of the cache; every combination of clips and sample rate gets a folder of its own in it.
        n_threads: Number of shards written at once; None for one per core.
        on_progress: Called with the number of clips written.

    Raises:
        AudioDecodeError: A clip is unreadable.
        DataError: The list is empty.
    """
    sounds = [
        Clip(str(clip_list.file(one).absolute()), onset_s=one.onset_s, offset_s=one.offset_s) for one in clip_list.clips
    ]
    own_folder = folder / _digest(sounds, sample_rate)
    if (own_folder / INDEX_FILE).is_file():
        try:
            return ShardAudio(own_folder, sample_rate, clips=clip_list.clips)
        except DataError:  # damaged or incomplete; write_shards keeps the intact shards
            (own_folder / INDEX_FILE).unlink()
    n_per_shard = min(-(-len(sounds) // _N_SHARDS), _MAX_CLIPS_PER_SHARD)
    settings = ShardSettings("wav", sample_rate, clips_per_shard=max(n_per_shard, 1))
    write_shards(ClipList(Path(), tuple(sounds)), own_folder, settings, n_threads=n_threads, on_progress=on_progress)
    return ShardAudio(own_folder, sample_rate, clips=clip_list.clips)


def _digest(sounds: list[Clip], sample_rate: int) -> str:
    digest = hashlib.sha256(f"{sample_rate}\n".encode())
    for clip in sounds:
        digest.update(f"{clip.path!r} {clip.onset_s} {clip.offset_s} {size_and_time(Path(clip.path))}\n".encode())
    return digest.hexdigest()[:32]
