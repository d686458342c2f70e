"""Compare architectures: prepare the data, train, and report.

    python -m recipes.architectures [--data ../shared] [--out runs/architectures]

runs all steps and resumes interrupted runs. Single steps:

    python -m recipes.architectures collect     # collect finished runs in results.jsonl
    python -m recipes.architectures table       # write the table of README.md
    python -m recipes.architectures picture     # draw quality-and-cost.png

Before them come `recipes.architectures.prepare` and `recipes.architectures.train`.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from pathlib import Path

from recipes.architectures.report import collect, draw, read_results, write_table
from recipes.architectures.settings import ROOT


def main() -> None:
    """Run one step, or all."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("step", nargs="?", choices=("all", "collect", "table", "picture"), default="all")
    parser.add_argument("--data", type=Path, default=ROOT.parent / "shared", help="the reference data")
    parser.add_argument("--out", type=Path, default=ROOT / "runs" / "architectures")
    arguments = parser.parse_args()
    step: str = arguments.step
    if step == "all":
        folders = ["--data", str(arguments.data), "--out", str(arguments.out)]
        for module in ("prepare", "train"):
            subprocess.run([sys.executable, "-m", f"recipes.architectures.{module}", *folders], check=True)
    if step in ("all", "collect"):
        print(f"{collect(arguments.out)} runs are finished")
    if step in ("all", "table"):
        write_table(read_results())
    if step in ("all", "picture"):
        draw(read_results())


if __name__ == "__main__":
    main()
