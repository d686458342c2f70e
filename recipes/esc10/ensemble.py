"""Two networks from nothing, of two seeds, joined into one file, and tested with folds that neither has learned from.

    panns train recipes/esc10/builtin.toml --cross-validate -o runs/esc10/builtin
    panns train recipes/esc10/builtin.toml --set seed=1 --cross-validate -o runs/esc10/builtin-1
    python -m recipes.esc10.ensemble

writes `ensemble.json` beside this file and the table of the README.
"""

from __future__ import annotations

import json
import shutil
import statistics
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from benchmarks.measure import machine
from panns.data.clips import FileAudio
from panns.data.manifests import read_manifest
from panns.data.part import PartAudio
from panns.evaluate import evaluate
from panns.files import replacing
from panns.learn.ensemble import join
from panns.learn.run import EVALUATION_FILE, MODEL_FOLDER
from panns.recognizer import load
from recipes.paths import RUNS
from recipes.preparing import CLIPS_FILE
from recipes.results import FOLD_PREFIX
from recipes.table import put_table

HERE = Path(__file__).parent
OUT = RUNS / "esc10"
SEEDS = {"0": "builtin", "1": "builtin-1"}  # and where their folds are
JOINED = "ensemble"
RESULTS_FILE = "ensemble.json"
FOLDS = ("1", "2", "3", "4", "5")


def main() -> None:
    """Join, test and write down."""
    by_fold: dict[str, dict[str, float]] = {}
    n_bytes = 0
    for fold in FOLDS:
        runs = {seed: OUT / folder / f"{FOLD_PREFIX}{fold}" for seed, folder in SEEDS.items()}
        if not all((run / EVALUATION_FILE).is_file() for run in runs.values()):
            print(f"fold {fold} is left out: it was not trained with all of {', '.join(SEEDS.values())}")
            continue
        target = OUT / JOINED / f"{FOLD_PREFIX}{fold}"
        shutil.rmtree(target, ignore_errors=True)
        members = [str(run / MODEL_FOLDER) for run in runs.values()]
        checkpoint = join(members, target, stored="float16")
        n_bytes = max(n_bytes, (checkpoint.path / "model.safetensors").stat().st_size)
        by_fold[fold] = {f"seed {seed}": _accuracy(run) for seed, run in runs.items()}
        by_fold[fold]["both"] = test(checkpoint.path, fold)
        print(fold, by_fold[fold], flush=True)
    if not by_fold:
        raise SystemExit(f"no fold of both {' and '.join(SEEDS.values())} is in {OUT}; train them first")
    results = {
        "machine": machine(),
        "n_bytes": n_bytes,
        "accuracy": statistics.mean(one["both"] for one in by_fold.values()),
        "folds": by_fold,
    }
    with replacing(HERE / RESULTS_FILE) as partial:
        partial.write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")
    put_table(HERE / "README.md", table(results), mark=JOINED)


def test(model: Path, fold: str) -> float:
    """Accuracy of a model on a fold, as users run it: by ONNX Runtime."""
    manifest, recognizer = read_manifest(OUT / CLIPS_FILE), load(model)
    tested = [i for i, clip in enumerate(manifest.clips) if clip.fold == fold]
    clips = PartAudio(FileAudio(manifest, recognizer.sample_rate), tested)
    accuracy = evaluate(recognizer.run, clips, recognizer.manifest.labels, task="single-label").accuracy
    assert accuracy is not None, "it is asked for a single label"
    return accuracy


def _accuracy(run: Path) -> float:
    accuracy: float = json.loads((run / EVALUATION_FILE).read_text(encoding="utf-8"))["accuracy"]
    return accuracy


def table(results: Mapping[str, Any]) -> str:
    """A line for every seed and one for both, a column for every fold."""
    folds: Mapping[str, Mapping[str, float]] = results["folds"]
    lines = [
        f"| | accuracy | {' | '.join(f'fold {fold}' for fold in folds)} |",
        f"|---|---|{'---|' * len(folds)}",
    ]
    for name in next(iter(folds.values())):
        values = [one[name] for one in folds.values()]
        deviation = f" ± {statistics.stdev(values):.3f}" if len(values) > 1 else ""
        cells = " | ".join(f"{value:.4f}" for value in values)
        lines.append(f"| {name} | {statistics.mean(values):.3f}{deviation} | {cells} |")
    size = f"{results['n_bytes'] / 1e6:.2f} MB in half precision"
    return "\n".join([*lines, "", f"The file of both has {size}; {results['machine']['date']}, seeds 0 and 1."])


if __name__ == "__main__":
    main()
