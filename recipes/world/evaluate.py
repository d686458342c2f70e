"""Evaluate models beside `builtin` and the teacher on test recordings, and write the results as JSON.

python -m recipes.world.evaluate --model NAME=FOLDER [--model ...] [--data ../shared] [--out runs/world/results.json]
"""

from __future__ import annotations

import argparse
import json
import platform
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import soundfile

import panns
from panns.audio import load_sound
from panns.checkpoints.checkpoint import Checkpoint
from panns.frontend import log_mel
from panns.hub.resolve import resolve
from panns.labels import audioset
from panns.runtime.load import load_model
from panns.runtime.model import Model
from panns.runtime.onnx_backend import OnnxBackend
from recipes.builtin.clips import HELD_OUT_FOLD, audioset_names, held_out_sources, read_manifest_rows
from recipes.builtin.evaluate import Predictions, measure_calibration, measure_probe, measure_top1
from recipes.builtin.measures import mapped_top1
from recipes.builtin.settings import find_log_mel
from recipes.common.paths import ROOT, RUNS
from recipes.world.clips import language_of, select_test_rows
from recipes.world.labels import label_to_classes
from recipes.world.settings import read_settings
from recipes.world.train import TEACHER_WEIGHTS

Array = npt.NDArray[np.float32]

PRESENT, MIN_CLIPS = 0.3, 5
# AudioSet names of UrbanSound8K's classes, fixed before the first measurement.
URBAN_CLASSES = {
    "air_conditioner": ["Air conditioning", "Mechanical fan"],
    "car_horn": ["Vehicle horn, car horn, honking", "Honk"],
    "children_playing": ["Children playing", "Children shouting"],
    "dog_bark": ["Dog", "Bark"],
    "drilling": ["Drill", "Power tool"],
    "engine_idling": ["Idling", "Engine"],
    "gun_shot": ["Gunshot, gunfire"],
    "jackhammer": ["Jackhammer"],
    "siren": ["Siren"],
    "street_music": ["Music"],
}
_MUSIC_SETS = ("music_freedoom_midi", "music_misc", "music_superpowers")
_SPEECH_OR_MUSIC = ("speech_", *_MUSIC_SETS)


def main() -> None:
    """Measure and write the results."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=ROOT.parent / "shared", help="folder of the reference data")
    parser.add_argument(
        "--model",
        action="append",
        required=True,
        metavar="NAME=FOLDER",
        help="a model to measure, with its name in the results; give it once for each model",
    )
    parser.add_argument("--out", type=Path, default=RUNS / "world" / "results.json")
    parser.add_argument("--predictions", type=Path, default=RUNS / "world" / "predictions", help="cache of predictions")
    arguments = parser.parse_args()
    data = arguments.data / "data"
    names = audioset_names(arguments.data / "reference" / "esc50_to_audioset.json")
    weights = arguments.data / "weights" / TEACHER_WEIGHTS
    places: dict[str, str] = dict(one.split("=", 1) for one in arguments.model)
    checkpoints = {name: resolve(place) for name, place in places.items()}
    checkpoints |= {"builtin": resolve("builtin"), "teacher": resolve("mn04_as", weights=weights)}
    predictions = {
        name: predict_all(load_model(checkpoint), data, arguments.predictions / name)
        for name, checkpoint in checkpoints.items()
    }
    test_rows = predictions["teacher"]["world"].rows
    world = {name: one["world"].probs for name, one in predictions.items()}
    held_out = held_out_sources(data)
    results: dict[str, Any] = {
        "date": datetime.now(UTC).date().isoformat(),
        "machine": platform.processor() or platform.machine(),
        "seed": read_settings().seed,
        "test": {"clips": len(test_rows), "recordings": len({row["source_id"] for row in test_rows})},
        "agreement": measure_agreement(world),
        "agreement_with_esc50_and_urbansound8k": measure_agreement(
            {name: held_out_probs(one) for name, one in predictions.items()}
        ),
        "right_in_top3": measure_right_in_top3(world, test_rows),
        "urbansound8k": {name: measure_urban_top1(one["urbansound8k_subset"]) for name, one in predictions.items()},
        "top1_fold5": {name: measure_top1(one, names) for name, one in predictions.items()},
        "calibration_fold5": {name: measure_calibration(one, names) for name, one in predictions.items()},
        "speech_first": measure_speech_first(world, test_rows),
        "music_in_top3": measure_music_in_top3(world, test_rows),
        "synthesizer_of_real_voices": measure_synthesizer_share(world, test_rows),
        "linear_probe_esc50_fold5": {name: measure_probe(one["esc50"], held_out) for name, one in predictions.items()},
        "cpu_ms_per_10_s": measure_cpu_ms(checkpoints),
        "file_to_tags": measure_file_to_tags(places, weights),
    }
    arguments.out.write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")
    print(json.dumps(results, indent=1))


def predict_all(model: Model, data: Path, cache: Path) -> dict[str, Predictions]:
    """Score the test part of `world` and three other data sets; later calls read the predictions from the cache."""
    rows = {dataset: read_manifest_rows(data / dataset) for dataset in ("esc10", "esc50", "urbansound8k_subset")}
    rows["esc10"] = [row for row in rows["esc10"] if row["fold"] == HELD_OUT_FOLD]
    rows["world"] = select_test_rows(data)
    return {
        dataset: _predict(model, data / dataset, selected, cache / f"{dataset}.npz")
        for dataset, selected in rows.items()
    }


def _predict(model: Model, dataset: Path, rows: list[dict[str, str]], file: Path) -> Predictions:
    if not file.exists():
        file.parent.mkdir(parents=True, exist_ok=True)
        rate = model.manifest.sample_rate
        scores = [model.run(load_sound(dataset / row["path"], sample_rate=rate)) for row in rows]
        np.savez(
            file,
            probs=np.concatenate([one.clip_probs for one in scores]),
            embedding=np.concatenate([one.embedding for one in scores if one.embedding is not None]),
        )
    cached = np.load(file)
    return Predictions(rows, cached["probs"], cached["embedding"])


def held_out_probs(predictions: dict[str, Predictions]) -> Array:
    """Probabilities of all test clips: `world`, ESC-50's fold 5, and UrbanSound8K without recordings of ESC-50."""
    esc50, urban = predictions["esc50"], predictions["urbansound8k_subset"]
    fold_5 = np.array([row["fold"] == HELD_OUT_FOLD for row in esc50.rows])
    is_own = np.array([row["in_esc50_source"] == "false" for row in urban.rows])
    return np.concatenate((predictions["world"].probs, esc50.probs[fold_5], urban.probs[is_own]))


def measure_agreement(world: dict[str, Array]) -> dict[str, Any]:
    """Mean average precision with the teacher as the truth: its scores above 0.3, in classes with at least 5 clips."""
    truth = world["teacher"] > PRESENT
    chosen = np.flatnonzero(truth.sum(axis=0) >= MIN_CLIPS)
    precision = {name: mean_average_precision(probs[:, chosen], truth[:, chosen]) for name, probs in world.items()}
    return {"classes": [audioset()[int(i)].en for i in chosen], "n_classes": len(chosen), "mean_ap": precision}


def mean_average_precision(scores: Array, truth: npt.NDArray[np.bool_]) -> float:
    """Average precision, mean over classes, from `(clips, classes)` each."""
    from sklearn.metrics import average_precision_score

    return float(np.mean([average_precision_score(truth[:, i], scores[:, i]) for i in range(scores.shape[1])]))


def measure_right_in_top3(world: dict[str, Array], rows: Sequence[dict[str, str]]) -> dict[str, Any]:
    """Share of labelled clips, without speech and music, with a class of their own among the three highest."""
    wanted = [
        (i, [audioset().find(name).index for name in names])
        for i, row in enumerate(rows)
        if not row["set"].startswith(_SPEECH_OR_MUSIC) and (names := label_to_classes(row["label"], row["set"]))
    ]
    shares = {
        name: float(np.mean([bool(set(np.argsort(-probs[i])[:3]) & set(classes)) for i, classes in wanted]))
        for name, probs in world.items()
    }
    return {"clips": len(wanted), **shares}


def measure_urban_top1(predictions: Predictions) -> float:
    """Label-mapped top-1 accuracy on UrbanSound8K, without recordings of ESC-50."""
    chosen = predictions.select(np.array([row["in_esc50_source"] == "false" for row in predictions.rows]))
    classes = {label: [audioset().find(name).index for name in names] for label, names in URBAN_CLASSES.items()}
    return mapped_top1(chosen.probs, [row["label"] for row in chosen.rows], classes)


def measure_speech_first(world: dict[str, Array], rows: Sequence[dict[str, str]]) -> dict[str, Any]:
    """Share of speech clips whose highest class is Speech, over all clips and by language."""
    chosen = [i for i, row in enumerate(rows) if row["set"].startswith("speech_")]
    languages = ["en" if rows[i]["set"] == "speech_picovoice" else language_of(rows[i]["label"]) for i in chosen]
    result: dict[str, Any] = {"clips": len(chosen), "clips_by_language": dict(Counter(languages))}
    for name, probs in world.items():
        is_first = [int(probs[i].argmax()) == audioset().find("Speech").index for i in chosen]
        by_language = defaultdict(list)
        for language, right in zip(languages, is_first, strict=True):
            by_language[language].append(right)
        shares = {language: float(np.mean(right)) for language, right in sorted(by_language.items())}
        result[name] = {"all": float(np.mean(is_first)), **shares}
    return result


def measure_music_in_top3(world: dict[str, Array], rows: Sequence[dict[str, str]]) -> dict[str, Any]:
    """Share of music clips with Music among the three highest classes."""
    chosen = [
        i for i, row in enumerate(rows) if row["set"] in _MUSIC_SETS and label_to_classes(row["label"], row["set"])
    ]
    music = audioset().find("Music").index
    shares = {
        name: float(np.mean([music in np.argsort(-probs[i])[:3] for i in chosen])) for name, probs in world.items()
    }
    return {"clips": len(chosen), **shares}


def measure_synthesizer_share(world: dict[str, Array], rows: Sequence[dict[str, str]]) -> dict[str, float]:
    """Share of clips of real voices with "Speech synthesizer" above 0.3."""
    chosen = [i for i, row in enumerate(rows) if row["set"].startswith("speech_")]
    index = audioset().find("Speech synthesizer").index
    return {name: float((probs[chosen, index] > PRESENT).mean()) for name, probs in world.items()}


def measure_cpu_ms(checkpoints: dict[str, Checkpoint], *, repeats: int = 40) -> dict[str, dict[str, float]]:
    """Measure median CPU time for 10 s of noise on one thread, front end and network, in turn for each model."""
    rng = np.random.default_rng(0)
    times: dict[str, dict[str, list[float]]] = {name: {"frontend": [], "network": []} for name in checkpoints}
    prepared = {}
    for name, checkpoint in checkpoints.items():
        frontend = find_log_mel(checkpoint.manifest.architecture)
        waveform = rng.normal(0, 0.1, 10 * frontend.sample_rate).astype(np.float32)
        backend = OnnxBackend(checkpoint, device="cpu", n_threads=1)
        prepared[name] = (frontend, waveform, backend, log_mel(waveform, frontend)[None])
    for _ in range(repeats):
        for name, (frontend, waveform, backend, features) in prepared.items():
            start = time.process_time()
            log_mel(waveform, frontend)
            middle = time.process_time()
            backend(features)
            times[name]["frontend"].append(middle - start)
            times[name]["network"].append(time.process_time() - middle)
    return {
        name: {part: float(np.median(values) * 1e3) for part, values in parts.items()} for name, parts in times.items()
    }


def measure_file_to_tags(places: dict[str, str], weights: Path, *, repeats: int = 30) -> dict[str, float]:
    """Measure the speed of tagging a file (10 s, stereo, 44.1 kHz, 16 bit) on one thread, in times real time."""
    recognizers = {name: panns.load(place, n_threads=1) for name, place in places.items()}
    recognizers["builtin"] = panns.load("builtin", n_threads=1)
    recognizers["teacher"] = panns.load("mn04_as", weights=weights, n_threads=1)
    times: dict[str, list[float]] = {name: [] for name in recognizers}
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "noise.wav"
        soundfile.write(path, np.random.default_rng(0).normal(0, 0.1, (441_000, 2)), 44_100, subtype="PCM_16")
        for _ in range(repeats):
            for name, recognizer in recognizers.items():
                start = time.process_time()
                recognizer.tag(path)
                times[name].append(time.process_time() - start)
    return {name: 10.0 / float(np.median(values)) for name, values in times.items()}


if __name__ == "__main__":
    main()
