"""Join two networks trained from scratch with two seeds into one file, and test it on the held-out folds.

    panns train recipes/esc10/residual_cnn.toml --cross-validate -o runs/esc10/residual_cnn
    panns train recipes/esc10/residual_cnn.toml --set seed=1 --cross-validate -o runs/esc10/residual_cnn-1
    python -m recipes.esc10.ensemble

The last command writes `ensemble.json` beside this file and the table of the README.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from benchmarks.measure import machine
from panns.checkpoints.checkpoint import TORCH_FILE
from panns.data.clip_lists import read_clip_list
from panns.data.clips.audio import FileAudio
from panns.data.clips.subset import AudioSubset
from panns.evaluation import evaluate_clips
from panns.recognizer import load
from panns.system.files import replacing
from panns.training.cross_validation import fold_names
from panns.training.ensembling import join_models
from panns.training.run_folder import MODEL_FOLDER
from recipes.common.paths import ROOT
from recipes.common.prepare_command import CLIPS_FILE
from recipes.common.results_table import format_mean, replace_table
from recipes.common.runs import FOLD_PREFIX, Row, read_result

HERE = Path(__file__).parent
MEMBERS = {
    "seed 0": "panns train recipes/esc10/residual_cnn.toml --cross-validate -o runs/esc10/residual_cnn",
    "seed 1": "panns train recipes/esc10/residual_cnn.toml --set seed=1 --cross-validate -o runs/esc10/residual_cnn-1",
}
BOTH = "both as one"
MARK = "ensemble"


def main() -> None:
    """Join, test and write the results."""
    out = ROOT / "runs" / "esc10"
    folds = fold_names(read_clip_list(out / CLIPS_FILE).clips)
    accuracies = {name: read_accuracies(command, folds) for name, command in MEMBERS.items()}
    folders = [ROOT / Row("", "", command).folder for command in MEMBERS.values()]
    joined = out / MARK
    shutil.rmtree(joined, ignore_errors=True)
    accuracies[BOTH], n_bytes = {}, 0
    for fold in folds:
        members = [str(folder / f"{FOLD_PREFIX}{fold}" / MODEL_FOLDER) for folder in folders]
        checkpoint = join_models(members, joined / f"{FOLD_PREFIX}{fold}", stored="float16")
        n_bytes = checkpoint.verified_file(TORCH_FILE).stat().st_size
        accuracies[BOTH][fold] = test(checkpoint.path, out / CLIPS_FILE, fold)
        print(fold, {name: by_fold[fold] for name, by_fold in accuracies.items()}, flush=True)
    results = {
        "machine": machine(),
        "n_bytes": n_bytes,
        "accuracy": [*accuracies[BOTH].values()],
        "by_fold": accuracies,
    }
    with replacing(HERE / "ensemble.json") as partial:
        partial.write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")
    replace_table(HERE / "README.md", render_table(results), mark=MARK)


def read_accuracies(command: str, folds: Sequence[str]) -> dict[str, float]:
    """Read the accuracy of a command on every fold, for the present settings and clips."""
    result = read_result(Row("", "", command), ROOT, "")
    values = {} if result is None else result.values
    if missing := [fold for fold in folds if fold not in values]:
        raise SystemExit(f"the folds {', '.join(missing)} are not finished; first run\n  {command}")
    return {fold: values[fold] for fold in folds}


def test(model: Path, clips: Path, fold: str) -> float:
    """Test a model on a fold; return its accuracy."""
    listed, recognizer = read_clip_list(clips), load(model, backend="torch")
    test_indices = [i for i, clip in enumerate(listed.clips) if clip.fold == fold]
    audio = AudioSubset(FileAudio(listed, recognizer.sample_rate), test_indices)
    accuracy = evaluate_clips(recognizer.run, audio, recognizer.manifest.labels, task="single-label").accuracy
    assert accuracy is not None, "single-label evaluations have an accuracy"
    return accuracy


def render_table(results: Mapping[str, Any]) -> str:
    """Render the table: a row for every seed and one for both, a column for every fold."""
    by_fold: Mapping[str, Mapping[str, float]] = results["by_fold"]
    folds = list(by_fold[BOTH])
    lines = [f"| | accuracy | {' | '.join(f'fold {fold}' for fold in folds)} |", f"|---|---|{'---|' * len(folds)}"]
    for name, values in by_fold.items():
        cells = " | ".join(f"{values[fold]:.4f}" for fold in folds)
        lines.append(f"| {name} | {format_mean([*values.values()])} | {cells} |")
    made = results["machine"]
    return "\n".join(
        [*lines, "", f"The file of both has {results['n_bytes'] / 1e6:.2f} MB. {made['processor']}, {made['date']}."]
    )


if __name__ == "__main__":
    main()
