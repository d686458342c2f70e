"""Evaluate event detection of the streaming model and other systems on soundscapes of the held-out fold.

    python -m recipes.stream.evaluate [--systems stream builtin ...]

Soundscapes are mixed from ESC-50 (`panns data synthesize`). The test uses fold 5, which is outside the training data of
the streaming and the built-in model. Soundscapes of each of the folds 1 to 4 serve to choose thresholds and filters,
separately for every system. Writes `results.json` beside this file, the tables of the README and of the model's card,
and `soundscape.png`.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.measure import machine
from panns.data.clip_lists.event_table import read_event_table
from panns.evaluation.detection_measures import COLLAR, merge_events
from panns.metrics import PSDS1, ClipEvents, collar_based, psds
from panns.recognizer import load
from panns.system.files import replacing
from recipes.common.paths import ROOT
from recipes.stream.choosing import choose, merge_truth, smooth
from recipes.stream.false_alarms import unmatched_events
from recipes.stream.mixing import OUT, TEST_FOLD, TRAINING_FOLDS, write_mix
from recipes.stream.picture import TRUTH, draw
from recipes.stream.systems import SYSTEMS, ScoredSoundscapes, System, score_folder
from recipes.stream.tables import SHIPPED_RATES, write_tables

HERE = Path(__file__).parent
PAGES = (HERE / "README.md", ROOT / "docs" / "model-cards" / "stream.md")
MAPPING = ROOT.parent / "shared" / "reference" / "esc50_to_audioset.json"
N_SOUNDSCAPES = 160
SEED = 0
DRAWN = 2  # index of the soundscape in the picture
SECURITY = ("glass_breaking", "siren", "crying_baby", "door_wood_knock", "chainsaw", "fireworks")
SHIPPED = ("stream", "builtin", "mn04-1s")  # also measured with the shipped thresholds


def main() -> None:
    """Mix, score, choose, measure."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--systems", nargs="+", choices=[one.name for one in SYSTEMS])
    parser.add_argument("--score-only", action="store_true", help="only score the soundscapes and store the scores")
    arguments = parser.parse_args()
    chosen = [one for one in SYSTEMS if not arguments.systems or one.name in arguments.systems]
    mapping = dict(sorted(json.loads(MAPPING.read_text(encoding="utf-8"))["map"].items()))
    n_each = N_SOUNDSCAPES // len(TRAINING_FOLDS)
    tuning = [write_mix((fold,), n_each, seed=SEED) for fold in TRAINING_FOLDS]
    testing = write_mix((TEST_FOLD,), N_SOUNDSCAPES, seed=SEED + 1)
    names = list(mapping)
    results: list[dict[str, Any]] = []
    lanes: dict[str, Sequence[tuple[int, float, float]]] = {}
    for system in chosen:
        tune = [score_folder(system, folder, mapping, OUT / "scores") for folder in tuning]
        test = score_folder(system, testing, mapping, OUT / "scores")
        if not arguments.score_only:
            lanes.setdefault(TRUTH, merge_truth(test)[DRAWN])
            found, result = measure_chosen(system, tune, test, names)
            lanes[system.what] = found[DRAWN]
            measured = [result]
            if system.name in SHIPPED:
                measured += [measure_shipped(system, test, testing, mapping, rate) for rate in SHIPPED_RATES]
            results += measured
            for one in measured:
                print(json.dumps({key: value for key, value in one.items() if not isinstance(value, list | dict)}))
    if results and not arguments.systems:
        kept = {"seed": SEED, "machine": machine(), "systems": {one["name"]: one for one in results}}
        with replacing(HERE / "results.json") as partial:
            partial.write_text(json.dumps(kept, indent=1) + "\n", encoding="utf-8")
        write_tables(PAGES, results)
        draw(testing / f"audio/{DRAWN + 1:06d}.wav", lanes, names, HERE / "soundscape.png")


def measure_chosen(
    system: System, tune: Sequence[ScoredSoundscapes], test: ScoredSoundscapes, names: Sequence[str]
) -> tuple[list[ClipEvents], dict[str, Any]]:
    """Choose settings on the tuning folds and measure on the test fold; return detections and measures."""
    chosen = choose(tune, len(names))
    detected = [one.events(chosen.thresholds, chosen.config) for one in test.frames]
    truth, durations_s = merge_truth(test), [one.duration_s for one in test.frames]
    filtered = [smooth(one, chosen.median_s).to_frame_scores() for one in test.frames]
    scores = psds(truth, filtered, durations_s, settings=PSDS1)
    return detected, {
        "name": system.name,
        "what": system.what,
        **measure(test, detected, names),
        "psds1": scores.value,
        "psds1_class_mean": float(np.nanmean(scores.per_class)),
        "chosen": asdict(chosen),
    }


def measure_shipped(
    system: System, test: ScoredSoundscapes, folder: Path, mapping: dict[str, list[str]], rate: str
) -> dict[str, Any]:
    """Measure the events that a model detects with its shipped thresholds for a rate of false alarms."""
    recognizer = load(system.model, n_threads=1)
    labels, detected = recognizer.manifest.labels, []
    category_classes = [{labels.find(name).index for name in classes} for classes in mapping.values()]
    for clip in read_event_table(folder).clips:
        found = recognizer.detect(folder / clip.path, threshold=rate)
        events = [
            (category, one.onset_s, one.offset_s)
            for one in found
            for category, indices in enumerate(category_classes)
            if one.index in indices
        ]
        detected.append(merge_events(events, found.duration_s))
    what = f"{system.what}, thresholds for {rate}"
    return {"name": f"{system.name}-{rate}", "what": what, **measure(test, detected, list(mapping))}


def measure(test: ScoredSoundscapes, detected: Sequence[ClipEvents], names: Sequence[str]) -> dict[str, Any]:
    """Measure detections."""
    truth, duration_s = merge_truth(test), sum(one.duration_s for one in test.frames)
    counts = collar_based(truth, detected, n_classes=len(names), settings=COLLAR)
    n_false = sum(len(unmatched_events(found, true_events)) for found, true_events in zip(detected, truth, strict=True))
    return {
        "hours": duration_s / 3600,
        "n_events": int(counts.support.sum()),
        "f1_macro": counts.macro(counts.support > 0).f1,
        "f1_micro": counts.micro().f1,
        "precision_micro": counts.micro().precision,
        "recall_micro": counts.micro().recall,
        "false_alarms_per_hour": n_false / duration_s * 3600,
        "security": [security(names.index(name), name, truth, detected, duration_s) for name in SECURITY],
    }


def security(
    category: int, name: str, truth: Sequence[ClipEvents], detected: Sequence[ClipEvents], duration_s: float
) -> dict[str, Any]:
    """Count found events of a category, and detections that touch none of them."""
    n_events = n_missed = n_false = 0
    for true_events, found_events in zip(truth, detected, strict=True):
        events, found = ([one for one in some if one[0] == category] for some in (true_events, found_events))
        n_events += len(events)
        n_missed += len(unmatched_events(events, found))
        n_false += len(unmatched_events(found, events))
    return {
        "name": name,
        "n_events": n_events,
        "n_found": n_events - n_missed,
        "n_false": n_false,
        "hours": duration_s / 3600,
    }


if __name__ == "__main__":
    main()
