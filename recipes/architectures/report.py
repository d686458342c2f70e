"""Report of the runs: `results.jsonl`, the table of `README.md`, and the picture.

python -m recipes.architectures collect [--out runs/architectures]
python -m recipes.architectures table
python -m recipes.architectures picture
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from recipes.architectures.measures import mean_and_interval
from recipes.architectures.settings import FOLDS, HERE, RESULTS_FILE, TASKS
from recipes.architectures.siblings import siblings
from recipes.architectures.train import RESULT_FILE

README_FILE, PICTURE_FILE = HERE / "README.md", HERE / "quality-and-cost.png"
BASELINE = "cnn"
# Task, measure, title and chance level; a soundscape has two of 10 classes, in either order.
MEASURES = (
    ("soundscapes", "order_accuracy", "order accuracy", 0.5),
    ("soundscapes", "map", "mAP", 0.1),
    ("esc10", "accuracy", "ESC-10 accuracy", 0.1),
)

Results = Sequence[dict[str, Any]]


def collect(out: Path, results_file: Path = RESULTS_FILE) -> int:
    """Collect the results of finished runs in one file, in the order of the tables; return their number."""
    results = [json.loads(path.read_text(encoding="utf-8")) for path in out.glob(f"runs/*/{RESULT_FILE}")]
    names = list(siblings(1))
    results.sort(key=lambda one: (TASKS.index(one["task"]), one["seed"], one["fold"], names.index(one["model"])))
    results_file.write_text("".join(json.dumps(one) + "\n" for one in results), encoding="utf-8")
    return len(results)


def read_results(results_file: Path = RESULTS_FILE) -> list[dict[str, Any]]:
    """Read the results, one dictionary for every run."""
    return [json.loads(line) for line in results_file.read_text(encoding="utf-8").splitlines()]


def values_by_seed(results: Results, task: str, measure: str, model: str) -> dict[int, float]:
    """A measure by finished seed; for ESC-10 the mean over its five folds."""
    found: dict[int, list[float]] = {}
    for one in results:
        if (one["task"], one["model"]) == (task, model):
            found.setdefault(one["seed"], []).append(one["metrics"][measure])
    n_folds = len(FOLDS) if task == "esc10" else 1
    return {seed: float(np.mean(values)) for seed, values in sorted(found.items()) if len(values) == n_folds}


def render_table(results: Results) -> str:
    """Render cost and quality of every architecture, and its gain over the CNN with equal seeds."""
    columns = ["model", "parameters, k", "multiply-adds, M", "training, CPU-s"]
    columns += [name for *_, name, _ in MEASURES] + [f"{name}, against {BASELINE}" for *_, name, _ in MEASURES]
    chance_row = ["chance", "", "", "", *(f"{chance:g}" for *_, chance in MEASURES), "", "", ""]
    no_order = ["right classes, order by chance", "", "", "", "0.5", "0.5", "", "", "", ""]
    rows = [[name, *_costs(results, name), *_qualities(results, name), *_gains(results, name)] for name in siblings(1)]
    lines = [columns, ["---"] * len(columns), chance_row, no_order, *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _costs(results: Results, model: str) -> list[str]:
    runs = [one for one in results if one["model"] == model and one["task"] == "soundscapes"]
    if not runs:
        return ["", "", ""]
    seconds = float(np.median([one["cpu_seconds"] for one in runs]))
    return [f"{runs[0]['n_parameters'] / 1e3:.0f}", f"{runs[0]['multiply_adds'] / 1e6:.1f}", f"{seconds:.0f}"]


def _qualities(results: Results, model: str) -> list[str]:
    return [
        _with_interval(values_by_seed(results, task, measure, model).values(), "") for task, measure, *_ in MEASURES
    ]


def _gains(results: Results, model: str) -> list[str]:
    if model == BASELINE:
        return ["", "", ""]
    cells = []
    for task, measure, *_ in MEASURES:
        own, baseline = (values_by_seed(results, task, measure, name) for name in (model, BASELINE))
        cells.append(_with_interval([own[seed] - baseline[seed] for seed in own if seed in baseline], "+"))
    return cells


def _with_interval(values: Iterable[float], sign: str) -> str:
    known = list(values)
    if not known:
        return ""
    mean, half = mean_and_interval(known)
    return f"{mean:{sign}.3f} ± {half:.3f}" if math.isfinite(half) else f"{mean:{sign}.3f} (one seed)"


def write_table(results: Results, readme: Path = README_FILE) -> None:
    """Write the table into the README."""
    block = f"<!-- table: architectures -->\n{render_table(results)}\n<!-- end -->"
    text = readme.read_text(encoding="utf-8")
    replaced, n = re.subn(
        r"<!-- table: architectures -->.*?<!-- end -->", lambda _: block, text, count=1, flags=re.DOTALL
    )
    if n != 1:
        raise SystemExit(f"{readme} lacks '<!-- table: architectures -->' ... '<!-- end -->' around the table")
    readme.write_text(replaced, encoding="utf-8")


def draw(results: Results, path: Path = PICTURE_FILE) -> None:
    """Plot quality against multiply-adds, one panel a measure, with intervals over seeds and chance level."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(11, 3.8), layout="constrained")
    for axes, (task, measure, title, chance) in zip(figure.subplots(1, len(MEASURES)), MEASURES, strict=True):
        for model in siblings(1):
            values = list(values_by_seed(results, task, measure, model).values())
            if not values:
                continue
            mean, half = mean_and_interval(values)
            cost = next(one["multiply_adds"] for one in results if one["model"] == model) / 1e6
            axes.errorbar(cost, mean, yerr=half if math.isfinite(half) else 0.0, fmt="o", capsize=3, label=model)
        axes.axhline(chance, color="grey", linestyle=":", linewidth=1)
        axes.set_title(title, fontsize=10)
        axes.set_xscale("log")
        axes.set_xticks([5, 10, 20, 40], ["5", "10", "20", "40"], minor=False)
        axes.set_xticks([], minor=True)
        axes.set_xlabel("multiply-adds of 5 s, millions")
        axes.set_ylim(0, 1)
        axes.grid(alpha=0.3)
    figure.axes[-1].legend(fontsize=8, loc="lower right")
    figure.axes[0].annotate("chance", (0.02, MEASURES[0][-1] + 0.01), xycoords=("axes fraction", "data"), fontsize=8)
    figure.savefig(path, dpi=110)
