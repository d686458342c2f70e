"""Train the built-in model, from the data to the package, and measure it.

python -m recipes.builtin [--data ../shared] [--out runs/builtin]

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
    parser.add_argument("--out", type=Path, default=RUNS / "builtin", help="output folder")
    arguments = parser.parse_args()
    data, out = ["--data", str(arguments.data)], ["--out", str(arguments.out)]
    model, calibration = str(arguments.out / "model"), str(arguments.out / "calibration.json")
    steps = (
        ["prepare", *data, *out],
        ["train", *data, *out],
        ["ship", *out, "--to", model],
        ["calibrate", model, *data, "--out", calibration],
        ["ship", *out, "--calibration", calibration],
        ["thresholds", *data, "--models", "builtin"],
        ["evaluate", *data],
        ["tables"],
        ["ship", "--metrics"],
    )
    for module, *options in steps:
        recipe = "stream" if module == "thresholds" else "builtin"  # the thresholds of all models have one command
        subprocess.run([sys.executable, "-m", f"recipes.{recipe}.{module}", *options], check=True)


if __name__ == "__main__":
    main()
