"""Choose the thresholds of models for false-alarm rates, on soundscapes of recordings that no model was trained on.

    python -m recipes.stream.thresholds [--models stream builtin mn04_as] [--data ../shared]

Soundscapes are mixed from the validation clips of the built-in model: speech, music, effects, ambience and the
categories of ESC-50. The labels of such clips are incomplete, so classes that `mn04_as` scores above 0.1 count as
present too. A detection is a false alarm if it touches no event of its class or of a child class. A class gets the
lowest threshold that keeps the false-alarm rate, as do all higher ones; without such a threshold it gets 1 and is never
reported. Writes the thresholds into the package, the default rate first: for a bundled model into `model.json`, for a
downloaded one into `published_thresholds.json`, where later conversions find them.
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
from panns.data.clip_lists import Clip, ClipList
from panns.data.clip_lists.event_table import read_event_table
from panns.evaluation import FrameProbs
from panns.events import EventConfig
from panns.hub.published_thresholds import POINTS_FILE
from panns.labels import LabelSet
from panns.recognizer import Recognizer, load
from panns.system.files import replacing
from recipes.builtin.clips import validation_clips
from recipes.builtin.train import TEACHER_WEIGHTS
from recipes.common.bundled_models import bundled_folder
from recipes.common.paths import ROOT, RUNS
from recipes.stream.false_alarms import FalseAlarms
from recipes.stream.mixing import SOUNDSCAPE, mix_once

N_SOUNDSCAPES = 720
PRESENT = 0.1  # score of the teacher from which a class counts as present
SEED = 2
RATES_PER_HOUR = (1.0, 10.0)  # the default rate first
# From about 0.1 on: even a class without false alarms on these soundscapes needs some evidence.
LEVELS = 1 / (1 + np.exp(-np.linspace(-2.0, 7.0, 19)))


def main() -> None:
    """Mix, score, choose, write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--models", nargs="+", default=["stream", "builtin", "mn04_as"])
    parser.add_argument("--data", type=Path, default=ROOT.parent / "shared", help="folder of the reference data")
    arguments = parser.parse_args()
    folder = write_held_out(arguments.data)
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


def write_held_out(shared: Path) -> Path:
    """Write the soundscapes of the validation clips, unless they exist."""
    folder = RUNS / "stream" / "soundscapes" / f"held-out-{N_SOUNDSCAPES}-{SEED}"
    if not (folder / "events.tsv").exists():
        clips = ClipList(shared / "data", tuple(label_by_teacher(shared)))
        mix_once(clips, folder, SOUNDSCAPE, n_soundscapes=N_SOUNDSCAPES, seed=SEED)
    return folder


def label_by_teacher(shared: Path) -> list[Clip]:
    """Validation clips with their labels and the classes that the teacher hears; without any, a clip is left out."""
    teacher = load("mn04_as", weights=shared / "weights" / TEACHER_WEIGHTS, n_threads=1)
    labelled = []
    for clip in validation_clips(shared / "data", shared / "reference" / "esc50_to_audioset.json"):
        present = [tag.label for tag in teacher.tag(shared / "data" / clip.path, top=None, threshold=PRESENT).tags]
        if labels := tuple(dict.fromkeys((*clip.labels, *present))):
            labelled.append(replace(clip, labels=labels))
    return labelled


def choose(recognizer: Recognizer, folder: Path) -> tuple[OperatingPoint, ...]:
    """Choose thresholds of a model for every rate."""
    labels = recognizer.manifest.labels
    alarms = FalseAlarms(len(labels), LEVELS.tolist(), recognizer.manifest.events or EventConfig())
    listed = read_event_table(folder)
    for clip in listed.clips:
        truth: list[tuple[int, float, float]] = []
        for event in clip.events:
            truth += [(index, event.onset_s, event.offset_s) for index in with_ancestors([event.label], labels)]
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
