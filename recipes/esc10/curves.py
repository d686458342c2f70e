"""Fine-tuning beside training from nothing: accuracy over the epochs of both, in one picture.

    python -m recipes.esc10.curves train [--folds 1 2 3 4 5]    # about 95 CPU-minutes
    python -m recipes.esc10.curves draw

Each fold is held out as the fold to validate with, which is only written down: nothing is chosen by it, and the last
value is that of the last step.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
from pathlib import Path

from recipes.paths import RUNS

HERE = Path(__file__).parent
FOLDS = ("1", "2", "3", "4", "5")
STEPS_PER_EPOCH = 10
# Settings, steps between two points, how they are called, colour.
SETTINGS = (
    ("train", 10, "fine-tuned from mn04_as", "#c0392b"),
    ("scratch", 50, "the same network from nothing", "#335577"),
)
PICTURE = HERE / "curves.png"


def main() -> None:
    """Train or draw."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=("train", "draw"))
    parser.add_argument("--folds", nargs="+", choices=FOLDS, default=FOLDS)
    parser.add_argument("--runs", type=Path, default=RUNS / "esc10" / "curves")
    arguments = parser.parse_args()
    if arguments.what == "train":
        train(arguments.folds, arguments.runs)
    else:
        draw(arguments.runs)


def train(folds: list[str], runs: Path) -> None:
    """Train with both settings for every fold; what was stopped goes on."""
    for fold in folds:
        for name, every, *_ in SETTINGS:
            held_out = ("data.test_fold=''", f"data.validation_fold='{fold}'", f"validate_steps={every}")
            options = [part for one in held_out for part in ("--set", one)]
            command = [sys.executable, "-m", "panns", "train", str(HERE / f"{name}.toml"), "--resume", *options]
            subprocess.run([*command, "-o", str(runs / f"{name}-{fold}")], check=True)


def draw(runs: Path) -> None:
    """Draw the mean over the folds, with every fold behind it, and print where both end."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(7.5, 4.2), layout="constrained")
    axes = figure.subplots()
    for name, _, called, colour in SETTINGS:
        curves = [accuracies(runs / f"{name}-{fold}") for fold in FOLDS]
        epochs = [step / STEPS_PER_EPOCH for step in curves[0]]
        for curve in curves:
            axes.plot(epochs, list(curve.values()), color=colour, alpha=0.2, linewidth=1)
        means = [statistics.mean(curve[step] for curve in curves) for step in curves[0]]
        last = [list(curve.values())[-1] for curve in curves]
        ending = f"{means[-1]:.3f} after {epochs[-1]:.0f} epochs"
        axes.plot(epochs, means, color=colour, marker="o", markersize=3, label=f"{called}: {ending}")
        print(f"{name}: {means[-1]:.4f} +- {statistics.stdev(last):.4f} after {epochs[-1]:.0f} epochs, folds {last}")
    axes.set_xscale("log")
    axes.set_xticks([1, 2, 5, 10, 20, 50, 100], ["1", "2", "5", "10", "20", "50", "100"])
    axes.set_xlabel("epochs (320 clips each)")
    axes.set_ylabel("accuracy on the fold held out")
    axes.set_title("ESC-10, mean of 5 folds; thin lines are the folds", fontsize=10)
    axes.set_ylim(0, 1)
    axes.grid(alpha=0.3)
    axes.legend(loc="center left")
    figure.savefig(PICTURE, dpi=130)


def accuracies(run: Path) -> dict[int, float]:
    """Accuracy by step."""
    lines = map(json.loads, (run / "metrics.jsonl").read_text(encoding="utf-8").splitlines())
    return {line["step"]: line["validation_accuracy"] for line in lines if "validation_accuracy" in line}


if __name__ == "__main__":
    main()
