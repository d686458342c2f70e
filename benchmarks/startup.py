"""Cold start: time to the help text and to the first tags."""

from __future__ import annotations

import sys

from benchmarks.material import checkpoint, noise_file
from benchmarks.measure import report, run_process, timing


def main() -> None:
    """Measure and report."""
    command = [sys.executable, "-m", "panns"]
    model = str(checkpoint("mn04_as").path)
    cases = {
        "python -c pass": [sys.executable, "-c", "pass"],
        "import panns": [sys.executable, "-c", "import panns"],
        "panns --help": [*command, "--help"],
        "panns labels dog": [*command, "labels", "dog"],
        "panns tag clip.wav": [*command, "tag", str(noise_file())],
        "panns tag clip.wav --model mn04_as": [*command, "tag", str(noise_file()), "--model", model],
    }
    rows: list[dict[str, object]] = []
    for title, arguments in cases.items():
        runs = [run_process(arguments) for _ in range(9)]
        rows.append(
            {
                "command": title,
                "CPU-s": timing([run.cpu_s for run in runs]),
                "wall s": timing([run.wall_s for run in runs]),
                "peak MB": round(max(run.peak_mb for run in runs)),
            }
        )
    report("startup", "Cold start, 9 runs each", rows)


if __name__ == "__main__":
    main()
