"""Plot accuracy by epoch of training from scratch, with and without random equaliser.

    panns train recipes/esc10/residual_cnn.toml --cross-validate -o runs/esc10/residual_cnn
    panns train recipes/esc10/coloured.toml --cross-validate -o runs/esc10/coloured
    python -m recipes.esc10.curves

Draws the test accuracies that the runs record during training (`train.test_steps`); they influence no choice.
"""

from __future__ import annotations

import statistics
from pathlib import Path

from recipes.common.paths import RUNS
from recipes.common.runs import FOLD_PREFIX, read_test_curve

HERE = Path(__file__).parent
FOLDS = ("1", "2", "3", "4", "5")
STEPS_PER_EPOCH = 10
# Folder of the folds, title, colour.
RUNS_DRAWN = (
    ("residual_cnn", "without equaliser", "#335577"),
    ("coloured", "with random equaliser", "#c0392b"),
)
PICTURE = HERE / "curves.png"


def draw(runs: Path = RUNS / "esc10") -> None:
    """Plot the mean over the folds, with every fold behind it."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(7.5, 4.2), layout="constrained")
    axes = figure.subplots()
    for name, title, colour in RUNS_DRAWN:
        curves = [read_test_curve(runs / name / f"{FOLD_PREFIX}{fold}", "accuracy") for fold in FOLDS]
        if not all(curves):
            raise SystemExit(f"{runs / name} has folds without test accuracies; train them with test_steps")
        epochs = [step / STEPS_PER_EPOCH for step in curves[0]]
        for fold_curve in curves:
            axes.plot(epochs, list(fold_curve.values()), color=colour, alpha=0.2, linewidth=1)
        means = [statistics.mean(fold_curve[step] for fold_curve in curves) for step in curves[0]]
        ending = f"{means[-1]:.3f} after {epochs[-1]:.0f} epochs"
        axes.plot(epochs, means, color=colour, marker="o", markersize=3, label=f"{title}: {ending}")
    axes.set_xscale("log")
    ticks = [5, 10, 20, 50, 100, 200]
    axes.set_xticks(ticks, [str(tick) for tick in ticks])
    axes.set_xlabel("epochs (320 clips each)")
    axes.set_ylabel("accuracy on the held-out fold")
    axes.set_title("ESC-10 from scratch, mean of 5 folds; thin lines are the folds", fontsize=10)
    axes.set_ylim(0, 1)
    axes.grid(alpha=0.3)
    axes.legend(loc="lower right")
    figure.savefig(PICTURE, dpi=130)


if __name__ == "__main__":
    draw()
