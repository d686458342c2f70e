"""Choose the thresholds of models for false-alarm rates, on soundscapes of the training folds.

    python -m recipes.stream.thresholds [--models stream builtin mn04_as]

Soundscapes are mixed from folds 1 to 4 of ESC-50. A detection is a false alarm if it touches no event of its class, of
a child class, or of another class of the same category. A class gets the lowest threshold that keeps the false-alarm
rate, as do all higher ones; without such a threshold it gets 1 and is never reported. Writes the thresholds into the
package, the default rate first: for a bundled model into `model.json`, for a downloaded one into
`published_thresholds.json`, where later conversions find them.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from panns.checkpoints.checkpoint import open_checkpoint
from panns.checkpoints.manifest import OperatingPoint
from panns.config import config_to_dict
from panns.data.clip_lists.event_table import read_event_table
from panns.evaluation import FrameProbs
from panns.events import EventConfig
from panns.hub.published_thresholds import POINTS_FILE
from panns.labels import LabelSet
from panns.recognizer import Recognizer, load
from panns.system.files import replacing
from recipes.common.bundled_models import bundled_folder
from recipes.stream.evaluate import MAPPING
from recipes.stream.false_alarms import FalseAlarms
from recipes.stream.mixing import TRAINING_FOLDS, write_mix

N_SOUNDSCAPES = 480
SEED = 2
RATES_PER_HOUR = (1.0, 10.0)  # the default rate first
# From about 0.1 on: even a class without false alarms on these soundscapes needs some evidence.
LEVELS = 1 / (1 + np.exp(-np.linspace(-2.0, 7.0, 19)))


def main() -> None:
    """Mix, score, choose, write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--models", nargs="+", default=["stream", "builtin", "mn04_as"])
    arguments = parser.parse_args()
    folder = write_mix(TRAINING_FOLDS, N_SOUNDSCAPES, seed=SEED)
    for name in arguments.models:
        recognizer = load(name, n_threads=1)
        points = choose(recognizer, folder)
        if (sha256 := recognizer.manifest.source_sha256) is not None:
            stored = json.loads(POINTS_FILE.read_text(encoding="utf-8"))
            stored[name] = {"source_sha256": sha256, "points": [config_to_dict(point) for point in points]}
            with replacing(POINTS_FILE) as partial:
                partial.write_text(json.dumps(dict(sorted(stored.items()))) + "\n", encoding="utf-8")
        else:
            checkpoint = open_checkpoint(bundled_folder(name))
            replace(checkpoint, manifest=replace(checkpoint.manifest, operating_points=points)).record_files()
        print(f"{name}: thresholds for {', '.join(f'{point.false_alarms_per_hour:g}/h' for point in points)}")


def choose(recognizer: Recognizer, folder: Path) -> tuple[OperatingPoint, ...]:
    """Choose thresholds of a model for every rate."""
    labels = recognizer.manifest.labels
    mapping = json.loads(MAPPING.read_text(encoding="utf-8"))["map"]
    alarms = FalseAlarms(len(labels), LEVELS.tolist(), recognizer.manifest.events or EventConfig())
    listed = read_event_table(folder)
    for clip in listed.clips:
        truth: list[tuple[int, float, float]] = []
        for event in clip.events:
            truth += [(index, event.onset_s, event.offset_s) for index in with_ancestors(mapping[event.label], labels)]
        alarms.add(FrameProbs.from_frames(recognizer.frames(listed.file(clip))), truth)
    return tuple(
        OperatingPoint(rate, tuple(alarms.thresholds(rate).astype(float).round(4).tolist())) for rate in RATES_PER_HOUR
    )


def with_ancestors(names: Sequence[str], labels: LabelSet) -> set[int]:
    """Indices of classes and of all their ancestors."""
    found = {labels.find(name) for name in names}
    return {label.index for one in found for label in (one, *labels.ancestors(one))}


if __name__ == "__main__":
    main()
