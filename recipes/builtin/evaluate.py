"""Evaluate the built-in model, its teacher and other models on test recordings, and write `results.json`.

python -m recipes.builtin.evaluate [--model NAME=FOLDER ...] [--data ../shared] [--out recipes/builtin/results.json]

No setting was chosen by these measurements.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import soundfile

import panns
from benchmarks.measure import machine
from panns.audio import load_sound
from panns.checkpoints.checkpoint import Checkpoint
from panns.data.clip_lists import read_clip_list
from panns.detection.stream_settings import model_fingerprint
from panns.frontend import log_mel
from panns.hub.resolve import resolve
from panns.labels import audioset
from panns.networks.build import build_network
from panns.runtime.load import load_model
from panns.runtime.model import Model
from panns.runtime.onnx_backend import OnnxBackend
from recipes.builtin.clips import select_test_rows
from recipes.builtin.esc50 import HELD_OUT_FOLD, audioset_names, held_out_sources, read_manifest_rows
from recipes.builtin.measures import (
    Predictions,
    held_out_probs,
    measure_agreement,
    measure_agreement_by_branch,
    measure_calibration,
    measure_esc50_by_class,
    measure_few_shot,
    measure_music_in_top3,
    measure_probe,
    measure_right_in_top3,
    measure_speech_first,
    measure_synthesizer_share,
    measure_top1,
    measure_urban_by_class,
    measure_urban_top1,
)
from recipes.builtin.prepare import CLIPS_FILE
from recipes.builtin.settings import HERE, read_settings
from recipes.builtin.train import TEACHER_WEIGHTS
from recipes.common.bundled_models import bundled_folder
from recipes.common.frontends import find_log_mel
from recipes.common.paths import ROOT, RUNS


def main() -> None:
    """Measure and write the results."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=ROOT.parent / "shared", help="folder of the reference data")
    parser.add_argument(
        "--model",
        action="append",
        default=[],
        metavar="NAME=FOLDER",
        help="one more model to measure, with its name in the results; give it once for each model",
    )
    parser.add_argument("--out", type=Path, default=HERE / "results.json")
    parser.add_argument(
        "--predictions", type=Path, default=RUNS / "builtin" / "predictions", help="cache of predictions"
    )
    arguments = parser.parse_args()
    data = arguments.data / "data"
    names = audioset_names(arguments.data / "reference" / "esc50_to_audioset.json")
    weights = arguments.data / "weights" / TEACHER_WEIGHTS
    places: dict[str, str] = dict(one.split("=", 1) for one in arguments.model)
    checkpoints = {name: resolve(place) for name, place in places.items()}
    checkpoints |= {"builtin": resolve("builtin"), "teacher": resolve("mn04_as", weights=weights)}
    predictions = {
        name: predict_all(load_model(checkpoint), data, arguments.predictions)
        for name, checkpoint in checkpoints.items()
    }
    test_rows = predictions["teacher"]["world"].rows
    world = {name: one["world"].probs for name, one in predictions.items()}
    everything = {name: held_out_probs(one) for name, one in predictions.items()}
    held_out = held_out_sources(data)
    results: dict[str, Any] = {
        "date": datetime.now(UTC).date().isoformat(),
        "machine": machine()["processor"],
        "seed": read_settings().seed,
        "test": {"clips": len(test_rows), "recordings": len({row["source_id"] for row in test_rows})},
        "agreement": measure_agreement(world),
        "agreement_of_all_test_clips": measure_agreement(everything),
        "agreement_by_branch": measure_agreement_by_branch(everything),
        "right_in_top3": measure_right_in_top3(world, test_rows),
        "urbansound8k": {name: measure_urban_top1(one["urbansound8k_subset"]) for name, one in predictions.items()},
        "urbansound8k_by_class": {
            name: measure_urban_by_class(one["urbansound8k_subset"]) for name, one in predictions.items()
        },
        "esc50_fold5_by_class": {
            name: measure_esc50_by_class(one["esc50"], names) for name, one in predictions.items()
        },
        "top1_fold5": {name: measure_top1(one, names) for name, one in predictions.items()},
        "calibration": {name: measure_calibration(one, names) for name, one in predictions.items()},
        "speech_first": measure_speech_first(world, test_rows),
        "music_in_top3": measure_music_in_top3(world, test_rows),
        "synthesizer_of_real_voices": measure_synthesizer_share(world, test_rows),
        "few_shot_esc50_fold5": {name: measure_few_shot(one["esc50"], held_out) for name, one in predictions.items()},
        "linear_probe_esc50_fold5": {name: measure_probe(one["esc50"], held_out) for name, one in predictions.items()},
        "cpu_ms_per_10_s": measure_cpu_ms(checkpoints),
        "file_to_tags": measure_file_to_tags(places, weights),
        "classes_in_training": training_classes(RUNS / "builtin" / CLIPS_FILE),
        "n_parameters": count_parameters(),
        "bytes": shipped_bytes(),
    }
    arguments.out.write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")
    print(json.dumps(results, indent=1))


def predict_all(model: Model, data: Path, cache: Path) -> dict[str, Predictions]:
    """Score the test part of `world` and three other data sets; later calls read the predictions from the cache."""
    rows = {dataset: read_manifest_rows(data / dataset) for dataset in ("esc10", "esc50", "urbansound8k_subset")}
    rows["esc10"] = [row for row in rows["esc10"] if row["fold"] == HELD_OUT_FOLD]
    rows["world"] = select_test_rows(data)
    made_by = cache / model_fingerprint(model.manifest).replace(" ", "-")
    return {
        dataset: _predict(model, data / dataset, selected, made_by / f"{dataset}.npz")
        for dataset, selected in rows.items()
    }


def _predict(model: Model, dataset: Path, rows: list[dict[str, str]], file: Path) -> Predictions:
    paths = [row["path"] for row in rows]
    if not file.exists() or np.load(file)["paths"].tolist() != paths:
        file.parent.mkdir(parents=True, exist_ok=True)
        rate = model.manifest.sample_rate
        scores = [model.run(load_sound(dataset / path, sample_rate=rate)) for path in paths]
        np.savez(
            file,
            paths=paths,
            probs=np.concatenate([one.clip_probs for one in scores]),
            embedding=np.concatenate([one.embedding for one in scores if one.embedding is not None]),
        )
    cached = np.load(file)
    return Predictions(rows, cached["probs"], cached["embedding"])


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


def training_classes(manifest: Path) -> dict[str, Any]:
    """Classes among the labels of the training clips, with the number of clips of each."""
    counts = Counter(name for clip in read_clip_list(manifest).clips for name in clip.labels)
    return {"count": len(counts), "of": len(audioset()), "clips": dict(sorted(counts.items()))}


def count_parameters() -> int:
    """Number of parameters of the network."""
    return sum(parameter.numel() for parameter in build_network("builtin").parameters())


def shipped_bytes() -> dict[str, int]:
    """Size of every shipped file in bytes."""
    return {path.name: path.stat().st_size for path in sorted(bundled_folder("builtin").iterdir())}


if __name__ == "__main__":
    main()
