"""Train on 1, 5 and 10 clips of each ESC-10 class, five draws each, on the frozen embedding of mn04_as.

python -m recipes.few_shot [--clips FILE]

Writes runs/few_shot, `results.json` beside this file, and the table of the README. Finished draws are not trained
again.
"""

from __future__ import annotations

import argparse
import json
import statistics
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from benchmarks.measure import machine
from panns.data.clip_lists import Clip, read_clip_list, write_clip_list
from panns.system.files import replacing
from panns.training.run import train_model
from panns.training.settings import read_settings
from recipes.common.paths import ROOT
from recipes.common.results_table import replace_table

HERE = Path(__file__).parent
OUT = ROOT / "runs" / "few_shot"
LISTED = ROOT / "runs" / "esc10" / "clips.csv"
N_SUPPORT = (1, 5, 10)
N_DRAWS = 5


def main() -> None:
    """Draw, train, test, and write the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--clips", type=Path, default=LISTED, help="clip list of `python -m recipes.esc10.prepare`")
    arguments = parser.parse_args()
    listed = read_clip_list(arguments.clips)
    clips = [replace(clip, path=str(listed.file(clip).resolve()), fold="") for clip in listed.clips]
    accuracies = {n: [measure_accuracy(clips, n, draw) for draw in range(N_DRAWS)] for n in N_SUPPORT}
    with replacing(HERE / "results.json") as partial:
        partial.write_text(json.dumps({"accuracy": accuracies, "machine": machine()}, indent=1) + "\n")
    replace_table(HERE / "README.md", render_table(accuracies))


def measure_accuracy(clips: Sequence[Clip], n_support: int, draw: int) -> float:
    """Train on the clips of a draw; return the accuracy on the clips of other recordings."""
    name = f"{n_support}-{draw}"
    listed = OUT / f"{name}.csv"
    OUT.mkdir(parents=True, exist_ok=True)
    write_clip_list(listed, draw_clips(clips, n_support, draw))
    settings = read_settings(HERE / "train.toml", (f"data.clips={listed}", f"seed={draw}"))
    trained = train_model(settings, OUT / name, is_resumed=True)  # refuses a run with other settings or clips
    assert len(trained.parts.train) == 10 * n_support
    assert not len(trained.parts.left_out)
    assert trained.test is not None
    assert trained.test.accuracy is not None
    return trained.test.accuracy


def draw_clips(clips: Sequence[Clip], n_support: int, draw: int) -> list[Clip]:
    """Draw clips for the fold "support"; all clips of other recordings form the fold "test".

    Draws recordings of every class, and one clip of each, so that the draw has no two clips of a recording.
    """
    rng = np.random.default_rng([n_support, draw])
    support: list[Clip] = []
    for label in sorted({clip.labels[0] for clip in clips}):
        sources = sorted({clip.source for clip in clips if clip.labels[0] == label})
        for source in rng.permutation(sources)[:n_support]:
            source_clips = [clip for clip in clips if clip.source == source]
            support.append(source_clips[int(rng.integers(len(source_clips)))])
    support_sources = {clip.source for clip in support}
    return [
        *(replace(clip, fold="support") for clip in support),
        *(replace(clip, fold="test") for clip in clips if clip.source not in support_sources),
    ]


def render_table(accuracies: dict[int, list[float]]) -> str:
    """Render the table, with one row for every number of clips."""
    lines = ["| clips of each class | accuracy | deviation | by draw |", "|---|---|---|---|"]
    for n, values in accuracies.items():
        each = " ".join(f"{value:.3f}" for value in values)
        lines.append(f"| {n} | {statistics.mean(values):.3f} | {statistics.stdev(values):.3f} | {each} |")
    return "\n".join(lines)


if __name__ == "__main__":
    main()
