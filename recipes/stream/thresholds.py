"""Choose the thresholds that models of the package bring with them: for rates of false alarms, on the training folds.

    python -m recipes.stream.thresholds [--models stream builtin]

Soundscapes are mixed from folds 1 to 4 of ESC-50. A detection is a false alarm where it lies on no event of its class,
on none of a class that it contains, and on none of another class that means the same category. Of every class the
lowest threshold is taken from which on false alarms stay within the rate, 1 where none does: that class is not reported
then. Writes them into `model.json` in the package, the usual rate first.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from panns.augment.noise import coloured_noise
from panns.data.event_table import read_event_table
from panns.data.manifests import Manifest, read_manifest
from panns.data.soundscapes import MadeBackgrounds, write_soundscapes
from panns.evaluate import HeardFrames
from panns.evaluate.false_alarms import FalseAlarms
from panns.events import EventConfig
from panns.labels import LabelSet
from panns.models.checkpoint import OperatingPoint, open_checkpoint
from panns.recognizer import load
from recipes.shipping import folder_of
from recipes.stream.evaluate import CLIPS, MAPPING, OUT, SAMPLE_RATE, SOUNDSCAPE, training_clips

N_SOUNDSCAPES = 480
SEED = 2
RATES_PER_HOUR = (1.0, 10.0)  # the usual one first
# From a tenth on: a class that gives no false alarm at all on soundscapes of other sounds is not heard at any score.
LEVELS = 1 / (1 + np.exp(-np.linspace(-2.0, 7.0, 19)))


def main() -> None:
    """Mix, hear, choose, write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--models", nargs="+", default=["stream", "builtin"])
    arguments = parser.parse_args()
    folder = OUT / "soundscapes" / "thresholds"
    if not (folder / "events.tsv").exists():
        listed = read_manifest(CLIPS)
        write_soundscapes(
            Manifest(listed.root, training_clips(listed)),
            folder,
            SOUNDSCAPE,
            MadeBackgrounds(coloured_noise),
            n_soundscapes=N_SOUNDSCAPES,
            sample_rate=SAMPLE_RATE,
            seed=SEED,
        )
    for name in arguments.models:
        points = choose(name, folder)
        checkpoint = open_checkpoint(folder_of(name))
        replace(checkpoint, manifest=replace(checkpoint.manifest, operating_points=points)).with_files()
        print(f"{name}: thresholds for {', '.join(f'{point.false_alarms_per_hour:g}/h' for point in points)}")


def choose(name: str, folder: Path) -> tuple[OperatingPoint, ...]:
    """Thresholds of a model for every rate."""
    recognizer = load(name, n_threads=1)
    labels = recognizer.manifest.labels
    mapping = json.loads(MAPPING.read_text(encoding="utf-8"))["map"]
    alarms = FalseAlarms(len(labels), LEVELS.tolist(), recognizer.manifest.events or EventConfig())
    listed = read_event_table(folder)
    for clip in listed.clips:
        truth: list[tuple[int, float, float]] = []
        for event in clip.events:
            truth += [(index, event.onset_s, event.offset_s) for index in meant(mapping[event.label], labels)]
        alarms.add(HeardFrames.of(recognizer.frames(listed.file(clip))), truth)
    return tuple(
        OperatingPoint(rate, tuple(alarms.thresholds(rate).astype(float).round(4).tolist())) for rate in RATES_PER_HOUR
    )


def meant(names: Sequence[str], labels: LabelSet) -> set[int]:
    """Indices of some classes and of all that contain them."""
    found = {labels.find(name) for name in names}
    return {label.index for one in found for label in (one, *labels.ancestors(one))}


if __name__ == "__main__":
    main()
