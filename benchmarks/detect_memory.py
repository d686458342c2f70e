"""Peak resident memory and time of event detection in files of a minute, an hour and a day, on one core."""

from __future__ import annotations

import os
import sys

from benchmarks.material import FOLDER, checkpoint, write_sparse_wav
from benchmarks.measure import report, run_process
from benchmarks.streaming import options

RATE = 16_000  # a day at 44.1 kHz exceeds the size limit of wav files


def main() -> None:
    """Measure and report."""
    parser = options(__doc__)
    parser.add_argument("--hours", type=float, default=24.0, help="length of the longest file in hours (default 24)")
    chosen = parser.parse_args()
    if hasattr(os, "sched_setaffinity"):  # the command uses every core that it may
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    FOLDER.mkdir(parents=True, exist_ok=True)
    found = checkpoint(chosen.model)
    path, rows = FOLDER / "day.wav", []
    for hours in sorted({1 / 60, min(1.0, chosen.hours), chosen.hours}):
        write_sparse_wav(path, round(3_600 * hours), sample_rate=RATE)
        run = run_process([sys.executable, "-m", "panns", "detect", str(path), "--model", str(found.path), "--json"])
        path.unlink()
        rows.append(
            {
                "minutes": f"{60 * hours:g}",
                "peak MB": round(run.peak_mb),
                "CPU-s": round(run.cpu_s, 1),
                "wall s": round(run.wall_s, 1),
                "x real time": round(3_600 * hours / run.cpu_s),
            }
        )
    title = f"panns detect with {found.manifest.architecture}, silent files, mono, {RATE / 1e3:g} kHz, one core"
    report("detect_memory", title, rows)


if __name__ == "__main__":
    main()
