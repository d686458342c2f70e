"""Train the student, from the data to a checkpoint folder with its measurements.

python -m recipes.world [--data ../shared] [--out runs/world]

Each step is also a command of its own, with more options. Training resumes from its last state.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from pathlib import Path

from recipes.common.paths import ROOT, RUNS


def main() -> None:
    """Run every step in its own process; stop at the first failure."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=ROOT.parent / "shared", help="folder of the reference data")
    parser.add_argument("--out", type=Path, default=RUNS / "world", help="output folder")
    arguments = parser.parse_args()
    data, out = ["--data", str(arguments.data)], ["--out", str(arguments.out)]
    model = str(arguments.out / "model")
    steps = (
        ["prepare", *data, *out],
        ["train", *data, *out],
        ["export", *out, "--to", model],
        ["evaluate", *data, "--model", f"student={model}", "--out", str(arguments.out / "results.json")],
    )
    for module, *options in steps:
        subprocess.run([sys.executable, "-m", f"recipes.world.{module}", *options], check=True)


if __name__ == "__main__":
    main()
