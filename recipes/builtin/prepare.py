"""Prepare the training data: clip list, log-mels of every clip, and statistics of the teacher.

python -m recipes.builtin.prepare [--data ../shared] [--out runs/builtin]
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from panns.audio import load_sound, resample
from panns.data.clip_lists import Clip, write_clip_list
from panns.frontend import compress
from recipes.builtin.clips import training_clips
from recipes.builtin.settings import ROOT, find_log_mel, read_settings
from recipes.builtin.teacher import Teacher
from recipes.common.mel_store import MelStore, write_mel_store

Array = npt.NDArray[np.float32]

MANIFEST_FILE, MELS_FOLDER, TEACHER_FILE = "manifest.csv", "mels", "teacher.npz"


def main() -> None:
    """Write the training data."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=ROOT.parent / "shared", help="folder of the reference data")
    parser.add_argument("--out", type=Path, default=ROOT / "runs" / "builtin")
    parser.add_argument("--weights", default="mn04_as_mAP_432.pt", help="the teacher's file, in weights/ of the data")
    arguments = parser.parse_args()
    out: Path = arguments.out
    settings = read_settings()
    out.mkdir(parents=True, exist_ok=True)
    clips = training_clips(arguments.data / "data", arguments.data / "reference" / "esc50_to_audioset.json")
    write_clip_list(out / MANIFEST_FILE, clips)
    teacher = Teacher(settings.teacher, arguments.data / "weights" / arguments.weights)
    frontends = (find_log_mel(settings.architecture), teacher.frontend)
    waveforms = change_speeds(clips, arguments.data / "data", settings.speeds, frontends[0].sample_rate)
    write_mel_store(out / MELS_FOLDER, waveforms, frontends)
    statistics: dict[str, Any] = teacher_statistics(teacher, out, len(clips), len(settings.speeds))
    np.savez(out / TEACHER_FILE, **statistics)
    print(f"{len(clips)} clips at {len(settings.speeds)} speeds are in {out}")


def change_speeds(clips: Sequence[Clip], data: Path, speeds: Sequence[float], sample_rate: int) -> Iterator[Array]:
    """Every clip at every speed, clip by clip."""
    for clip in clips:
        waveform = load_sound(data / clip.path, sample_rate=sample_rate)
        for speed in speeds:
            yield resample(waveform, round(sample_rate * speed), sample_rate)


def teacher_statistics(teacher: Teacher, out: Path, n_clips: int, n_speeds: int) -> dict[str, Any]:
    """Mean probability of each class, mean and standard deviation of the embedding, over the unmixed clips."""
    store = MelStore(out / MELS_FOLDER, n_frontends=2)
    probs, embeddings = [], []
    for row in range(0, n_clips * n_speeds, n_speeds):
        power = store.power(row, np.arange(min(store.n_frames(row), 1_000)))[1]
        one_probs, one_embedding = teacher(compress(power, teacher.frontend)[None])
        probs.append(one_probs[0])
        embeddings.append(one_embedding[0])
    return {
        "probs": np.mean(probs, axis=0),
        "embedding_mean": np.mean(embeddings, axis=0),
        "embedding_scale": np.std(embeddings, axis=0) + np.float32(1e-3),
    }


if __name__ == "__main__":
    main()
