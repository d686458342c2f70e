"""Soundscapes mixed from ESC-50, for the choice of settings and for the test."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path

from panns.augment.noise import coloured_noise
from panns.data.clip_lists import Clip, ClipList, read_clip_list
from panns.data.soundscapes import NoiseBackgrounds, SoundscapeConfig, write_soundscapes
from recipes.common.paths import RUNS

OUT = RUNS / "stream"
CLIPS = RUNS / "esc50" / "clips.csv"
SAMPLE_RATE = 16_000  # of the copy of ESC-50
SOUNDSCAPE = SoundscapeConfig(duration_s=15.0, n_events=(1, 5))
TEST_FOLD = "5"
TRAINING_FOLDS = ("1", "2", "3", "4")


def write_mix(folds: Sequence[str], n_soundscapes: int, *, seed: int) -> Path:
    """Write a folder of soundscapes mixed from some folds, without recordings of the held-out fold, unless it exists.

    Args:
        folds: The held-out fold alone, or other folds.
        n_soundscapes: Number of soundscapes.
        seed: Random seed.
    """
    listed = read_clip_list(CLIPS)
    clips = select_clips(listed.clips, folds)
    what = repr((SOUNDSCAPE, SAMPLE_RATE, n_soundscapes, seed, [clip.path for clip in clips]))
    name = f"folds-{''.join(folds)}-{hashlib.sha256(what.encode()).hexdigest()[:12]}"
    folder = OUT / "soundscapes" / name
    mix_once(ClipList(listed.root, clips), folder, SOUNDSCAPE, n_soundscapes=n_soundscapes, seed=seed)
    return folder


def mix_once(clips: ClipList, folder: Path, config: SoundscapeConfig, *, n_soundscapes: int, seed: int) -> None:
    """Write a folder of soundscapes over generated noise, unless it exists.

    Args:
        clips: The clips, with labels.
        folder: Folder to write.
        config: Settings of the soundscapes.
        n_soundscapes: Number of soundscapes.
        seed: Random seed.
    """
    if not (folder / "events.tsv").exists():
        write_soundscapes(
            clips,
            folder,
            config,
            NoiseBackgrounds(coloured_noise),
            n_soundscapes=n_soundscapes,
            sample_rate=SAMPLE_RATE,
            seed=seed,
        )


def select_clips(clips: Sequence[Clip], folds: Sequence[str]) -> tuple[Clip, ...]:
    """Select the clips of some folds; other folds than the held-out one lose recordings that occur there too."""
    held_out = set() if TEST_FOLD in folds else {clip.source for clip in clips if clip.fold == TEST_FOLD}
    return tuple(clip for clip in clips if clip.fold in folds and clip.source not in held_out)
