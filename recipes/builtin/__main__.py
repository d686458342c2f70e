"""Make the built-in model, from the data to the package: `python -m recipes.builtin`.

Each step is a command of its own too. A run that was stopped goes on from its last state.
"""

from __future__ import annotations

import subprocess
import sys

STEPS = (("prepare",), ("train",), ("ship",), ("evaluate",), ("ship", "--metrics"))


def main() -> None:
    """Run every step in a process of its own; a failing one ends it all."""
    for module, *arguments in STEPS:
        subprocess.run([sys.executable, "-m", f"recipes.builtin.{module}", *arguments], check=True)


if __name__ == "__main__":
    main()
