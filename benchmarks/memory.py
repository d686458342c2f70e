"""Peak resident memory of tagging files of one minute, one hour and ten hours."""

from __future__ import annotations

import sys

from benchmarks.material import FOLDER, checkpoint, write_sparse_wav
from benchmarks.measure import report, run_process


def main() -> None:
    """Measure and report."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    model = str(checkpoint("mn04_as").path)
    rows: list[dict[str, object]] = []
    for title, seconds in (("1 minute", 60), ("1 hour", 3_600), ("10 hours", 36_000)):
        path = FOLDER / "long.wav"
        write_sparse_wav(path, seconds, sample_rate=44_100)
        run = run_process([sys.executable, "-m", "panns", "tag", str(path), "--model", model, "--timeline", "--json"])
        path.unlink()
        rows.append(
            {
                "file": f"{title}, mono, 44.1 kHz",
                "peak MB": round(run.peak_mb),
                "CPU-s": round(run.cpu_s, 1),
                "x real time, one core": round(seconds / run.cpu_s),
            }
        )
    report("memory", "panns tag --timeline with mn04_as", rows)


if __name__ == "__main__":
    main()
