"""Prepare the training data: log-mels of ESC-10 clips and of soundscapes mixed from them, for both front ends.

python -m recipes.architectures.prepare [--data ../shared] [--out runs/architectures]
"""

from __future__ import annotations

import argparse
import csv
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from panns.audio import load_sound
from panns.frontend import LogMelConfig, log_mel
from panns.models.patch_attention import FULL_BAND
from panns.system.arrays import Array
from panns.system.files import replacing
from recipes.architectures.settings import ROOT, Settings, read_settings
from recipes.architectures.siblings import COARSE
from recipes.architectures.soundscapes import draw_soundscape, trim_and_normalise
from recipes.common.mel_store import write_mel_store

FRONTENDS: dict[str, LogMelConfig] = {"coarse": COARSE, "full_band": FULL_BAND}
TRAIN_SEED, TEST_SEED = 1, 2  # of the soundscapes, independent of the seeds of the networks


@dataclass(frozen=True)
class Clip:
    """Clip of ESC-10.

    Attributes:
        path: Path relative to the folder of the data set.
        label: Name of the class.
        fold: Official fold, 1 to 5.
        source_id: Recording that the clip comes from.
    """

    path: str
    label: str
    fold: int
    source_id: str


def read_clips(dataset: Path) -> list[Clip]:
    """Read all clips, in the order of the data set's manifest."""
    with (dataset / "manifest.csv").open(encoding="utf-8", newline="") as file:
        return [Clip(row["path"], row["label"], int(row["fold"]), row["source_id"]) for row in csv.DictReader(file)]


def class_indices(clips: Sequence[Clip]) -> list[int]:
    """Class index of every clip, with classes in alphabetical order."""
    names = sorted({clip.label for clip in clips})
    return [names.index(clip.label) for clip in clips]


def split_clips(clips: Sequence[Clip], test_fold: int) -> tuple[list[int], list[int]]:
    """Indices of training and test clips.

    The training clips leave out every recording that occurs in the test fold, whatever fold its other clips are in.
    """
    test = [i for i, clip in enumerate(clips) if clip.fold == test_fold]
    test_sources = {clips[i].source_id for i in test}
    return [i for i, clip in enumerate(clips) if clip.source_id not in test_sources], test


def main() -> None:
    """Write the training data."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=ROOT.parent / "shared", help="folder of the reference data")
    parser.add_argument("--out", type=Path, default=ROOT / "runs" / "architectures")
    arguments = parser.parse_args()
    dataset = arguments.data / "data" / "esc10"
    clips = read_clips(dataset)
    waveforms = [
        trim_and_normalise(load_sound(dataset / clip.path, sample_rate=32_000), sample_rate=32_000) for clip in clips
    ]
    prepare(waveforms, clips, read_settings(), arguments.out)
    print(f"{len(clips)} clips and soundscapes of them are in {arguments.out}")


def prepare(waveforms: Sequence[Array], clips: Sequence[Clip], settings: Settings, out: Path) -> None:
    """Write the log-mels of both tasks: those of the clips, and those of training and test soundscapes."""
    for name, frontend in FRONTENDS.items():
        write_mel_store(out / f"clips_{name}", waveforms, [frontend])
    train, test = split_clips(clips, settings.soundscapes.test_fold)
    classes = class_indices(clips)
    for split, indices, n, seed in (
        ("train", train, settings.soundscapes.n_train, TRAIN_SEED),
        ("test", test, settings.soundscapes.n_test, TEST_SEED),
    ):
        write_soundscapes(
            out / f"soundscapes_{split}",
            [waveforms[i] for i in indices],
            [classes[i] for i in indices],
            n,
            seed,
            settings,
        )


def write_soundscapes(
    folder: Path, clips: Sequence[Array], classes: Sequence[int], n: int, seed: int, settings: Settings
) -> None:
    """Write `<front end>.npy`, decibels `(soundscapes, frames, mels)` float16, and `classes.npy`, first and second."""
    folder.mkdir(parents=True, exist_ok=True)
    mix = settings.soundscapes.mix
    n_samples = round(mix.duration_s * COARSE.sample_rate)
    mels = {
        name: np.empty((n, frontend.n_frames(n_samples), frontend.n_mels), np.float16)
        for name, frontend in FRONTENDS.items()
    }
    order = np.empty((n, 2), np.int64)
    for i in range(n):
        rng = np.random.default_rng([seed, i])
        soundscape = draw_soundscape(clips, classes, mix, rng, sample_rate=COARSE.sample_rate)
        order[i] = soundscape.classes
        for name, frontend in FRONTENDS.items():
            mels[name][i] = log_mel(soundscape.waveform, frontend)
    arrays: dict[str, npt.NDArray[np.float16] | npt.NDArray[np.int64]] = {**mels, "classes": order}
    for name, array in arrays.items():
        with replacing(folder / f"{name}.npy") as partial:
            np.save(partial, array)


if __name__ == "__main__":
    main()
