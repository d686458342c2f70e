"""Evaluate the shipped built-in model and its teacher, and write `results.json`.

    python -m recipes.builtin.evaluate [--data ../shared] [--model builtin]

No setting was chosen by these measurements.
"""

from __future__ import annotations

import argparse
import json
import platform
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from panns.audio import load_sound
from panns.checkpoints.checkpoint import Checkpoint
from panns.data.clip_lists import read_clip_list
from panns.evaluation import Categories, measure_clips
from panns.frontend import log_mel
from panns.hub.resolve import resolve
from panns.labels import audioset
from panns.models.registry import find_model, shipped_checkpoint
from panns.runtime.load import load_model
from panns.runtime.model import Model
from panns.runtime.onnx_backend import OnnxBackend
from recipes.builtin.clips import HELD_OUT_FOLD, audioset_names, held_out_sources, read_manifest_rows
from recipes.builtin.measures import mapped_top1, rank_correlation, top_overlap
from recipes.builtin.prepare import MANIFEST_FILE
from recipes.builtin.settings import HERE, ROOT, read_settings

Array = npt.NDArray[np.float32]

PROBE_C = 0.01  # fixed in advance for standardised embeddings, equal for every model
TOP = 5


@dataclass(frozen=True)
class Predictions:
    """Scores and embeddings of the clips of one data set, in the order of its manifest."""

    rows: list[dict[str, str]]
    probs: Array
    embedding: Array

    def select(self, is_wanted: npt.NDArray[np.bool_]) -> Predictions:
        """Predictions of selected clips."""
        return Predictions(
            [self.rows[i] for i in np.flatnonzero(is_wanted)], self.probs[is_wanted], self.embedding[is_wanted]
        )


def main() -> None:
    """Measure and write the results."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=ROOT.parent / "shared", help="folder of the reference data")
    parser.add_argument("--model", default="builtin", help="a registered name, a folder or an exported file")
    parser.add_argument("--out", type=Path, default=HERE / "results.json")
    parser.add_argument("--manifest", type=Path, default=ROOT / "runs" / "builtin" / MANIFEST_FILE)
    arguments = parser.parse_args()
    data, mapping = arguments.data / "data", arguments.data / "reference" / "esc50_to_audioset.json"
    checkpoints = {
        "builtin": resolve(arguments.model),
        "teacher": resolve("mn04_as", weights=arguments.data / "weights" / "mn04_as_mAP_432.pt"),
    }
    sets = ("esc10", "esc50", "urbansound8k_subset", "fsdd", "heart_springer6")
    predictions = {
        name: {dataset: predict(load_model(checkpoint), data / dataset) for dataset in sets}
        for name, checkpoint in checkpoints.items()
    }
    held_out = held_out_sources(data)
    results: dict[str, Any] = {
        "date": datetime.now(UTC).date().isoformat(),
        "machine": platform.processor() or platform.machine(),
        "seed": read_settings().seed,
        "top1_fold5": {name: measure_top1(one, audioset_names(mapping)) for name, one in predictions.items()},
        "calibration_fold5": {
            name: measure_calibration(one, audioset_names(mapping)) for name, one in predictions.items()
        },
        "linear_probe_esc50_fold5": {name: measure_probe(one["esc50"], held_out) for name, one in predictions.items()},
        "agreement_with_teacher": measure_agreement(predictions["builtin"], predictions["teacher"]),
        "classes_in_training": training_classes(arguments.manifest),
        "n_parameters": count_parameters(),
        "bytes": shipped_bytes(),
        "cpu_ms_per_10_s": {name: measure_cpu_ms(checkpoint) for name, checkpoint in checkpoints.items()},
    }
    arguments.out.write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")
    print(json.dumps({key: value for key, value in results.items() if key != "classes_in_training"}, indent=1))


def predict(model: Model, dataset: Path) -> Predictions:
    """Score every clip of a data set."""
    rows = read_manifest_rows(dataset)
    scores = [model.run(load_sound(dataset / row["path"], sample_rate=model.manifest.sample_rate)) for row in rows]
    return Predictions(
        rows,
        np.concatenate([one.clip_probs for one in scores]),
        np.concatenate([one.embedding for one in scores if one.embedding is not None]),
    )


def measure_top1(predictions: dict[str, Predictions], names: dict[str, list[str]]) -> dict[str, float]:
    """Measure label-mapped top-1 accuracy on the held-out fold, among the categories of the data set."""
    result = {}
    for dataset in ("esc10", "esc50"):
        fold = _held_out(predictions[dataset])
        candidates = {row["label"] for row in predictions[dataset].rows}
        classes = {label: [audioset().find(name).index for name in names[label]] for label in sorted(candidates)}
        result[dataset] = mapped_top1(fold.probs, [row["label"] for row in fold.rows], classes)
    return result


def measure_calibration(predictions: dict[str, Predictions], names: dict[str, list[str]]) -> dict[str, float]:
    """Measure the expected calibration error of the highest category on the held-out fold."""
    result = {}
    for dataset in ("esc10", "esc50"):
        fold = _held_out(predictions[dataset])
        categories = Categories.from_mapping(
            {row["label"]: names[row["label"]] for row in predictions[dataset].rows}, audioset()
        )
        truth = [categories.labels.find(row["label"]).index for row in fold.rows]
        targets = np.eye(len(categories.labels), dtype=np.bool_)[truth]
        result[dataset] = measure_clips(fold.probs, targets, categories, task="single-label").reliability.expected_error
    return result


def _held_out(predictions: Predictions) -> Predictions:
    return predictions.select(np.array([row["fold"] == HELD_OUT_FOLD for row in predictions.rows]))


def measure_probe(predictions: Predictions, held_out: set[str]) -> float:
    """Fit a logistic regression on the standardised embeddings of the other folds; return its held-out accuracy."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    is_test = np.array([row["fold"] == HELD_OUT_FOLD for row in predictions.rows])
    is_train = np.array([row["source_id"] not in held_out for row in predictions.rows])
    train, test = predictions.select(is_train), predictions.select(is_test)
    classifier: Any = make_pipeline(StandardScaler(), LogisticRegression(C=PROBE_C, max_iter=2_000))
    classifier.fit(train.embedding, [row["label"] for row in train.rows])
    return float(classifier.score(test.embedding, [row["label"] for row in test.rows]))


def measure_agreement(student: dict[str, Predictions], teacher: dict[str, Predictions]) -> dict[str, dict[str, float]]:
    """Measure the agreement of model and teacher on sounds outside the training data."""
    kept: dict[str, tuple[str, Callable[[str], bool]]] = {
        "esc50": ("fold", lambda value: value == HELD_OUT_FOLD),
        "urbansound8k_subset": ("in_esc50_source", lambda value: value == "false"),
        "fsdd": ("fold", lambda value: value == "test"),
        "heart_springer6": ("fold", lambda value: bool(value)),
    }
    result = {}
    for dataset, (column, is_wanted) in kept.items():
        chosen = np.array([is_wanted(row[column]) for row in student[dataset].rows])
        one, other = student[dataset].probs[chosen], teacher[dataset].probs[chosen]
        result[dataset] = {
            "clips": int(chosen.sum()),
            f"top{TOP}_overlap": top_overlap(one, other, TOP),
            "rank_correlation": rank_correlation(one, other),
        }
    return result


def training_classes(manifest: Path) -> dict[str, Any]:
    """Classes among the labels of the training clips."""
    names = sorted({name for clip in read_clip_list(manifest).clips for name in clip.labels})
    return {"count": len(names), "of": len(audioset()), "names": names}


def count_parameters() -> int:
    """Number of parameters of the network."""
    from panns.networks.build import build_network

    return sum(parameter.numel() for parameter in build_network("builtin").parameters())


def shipped_bytes() -> dict[str, int]:
    """Size of every shipped file in bytes."""
    folder = shipped_checkpoint(find_model("builtin").shipped or "")
    return {path.name: path.stat().st_size for path in sorted(folder.iterdir())}


def measure_cpu_ms(checkpoint: Checkpoint, *, repeats: int = 50) -> dict[str, float]:
    """Measure median CPU time for 10 s of noise on one thread: front end, and network in ONNX Runtime."""
    frontend = checkpoint.manifest.config.frontend.log_mel
    assert frontend is not None
    backend = OnnxBackend(checkpoint, device="cpu", n_threads=1)
    waveform = np.random.default_rng(0).normal(0, 0.1, 10 * frontend.sample_rate).astype(np.float32)
    features = log_mel(waveform, frontend)[None]
    return {
        "frontend": _median_cpu_ms(lambda: log_mel(waveform, frontend), repeats),
        "network": _median_cpu_ms(lambda: backend(features), repeats),
    }


def _median_cpu_ms(function: Callable[[], object], repeats: int) -> float:
    times = []
    for _ in range(repeats):
        start = time.process_time()
        function()
        times.append(time.process_time() - start)
    return float(np.median(times) * 1e3)


if __name__ == "__main__":
    main()
