"""Train a model for two classes of your own and use it (extras `train` and `export`).

Usage: python examples/finetune.py FOLDER MODEL

Two classes of synthetic clips are written to FOLDER; put folders with your own recordings there instead. The model
goes to the folder MODEL and works in every command: `panns tag new.wav --model MODEL`.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import soundfile

import panns
from panns.training.finetune import FinetuneOptions, finetune

SAMPLE_RATE = 32_000


def write_clips(folder: Path, n_clips: int = 10) -> None:
    """Write clips of beeps and of hiss, each class into a folder of its own."""
    rng = np.random.default_rng(0)
    time_s = np.arange(2 * SAMPLE_RATE) / SAMPLE_RATE
    for i in range(n_clips):
        beeps = 0.3 * np.sin(2 * np.pi * rng.uniform(400, 2_000) * time_s) * (time_s % 0.5 < 0.25)
        hiss = 0.1 * rng.uniform(0.3, 1) * rng.standard_normal(len(time_s))
        for label, waveform in (("beeps", beeps), ("hiss", hiss)):
            (folder / label).mkdir(parents=True, exist_ok=True)
            soundfile.write(folder / label / f"{i}.wav", waveform, SAMPLE_RATE)


def main(folder: str, model: str) -> None:
    """Fine-tune the built-in model on the clips in `folder` and tag one of them."""
    if not Path(folder).exists():
        write_clips(Path(folder))
    trained = finetune(Path(folder), Path(model), FinetuneOptions(n_epochs=3))
    if trained.validation is not None:
        print(f"accuracy on held-out clips: {trained.validation.accuracy:.2f}")
    recognizer = panns.load(model)
    for label in sorted(path.name for path in Path(folder).iterdir() if path.is_dir()):
        clip = next((Path(folder) / label).iterdir())
        tag = recognizer.tag(clip, top=1).tags[0]
        print(f"{label}: tagged {tag.label}, score {tag.score:.2f}")


if __name__ == "__main__":
    main(*sys.argv[1:])
