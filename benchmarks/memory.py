"""Peak resident memory of tagging files of one minute to ten hours."""

from __future__ import annotations

import sys
import wave
from pathlib import Path

from benchmarks.material import FOLDER, checkpoint
from benchmarks.measure import report, run_process


def main() -> None:
    """Measure and report."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    model = str(checkpoint("mn04_as").path)
    rows: list[dict[str, object]] = []
    for title, seconds in (("1 minute", 60), ("1 hour", 3_600), ("10 hours", 36_000)):
        path = FOLDER / "long.wav"
        _write_sparse_wav(path, seconds, sample_rate=44_100)
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


def _write_sparse_wav(path: Path, seconds: int, *, sample_rate: int) -> None:
    """A silent 16-bit wav that takes no space on most disks."""
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(sample_rate)
        file.setnframes(seconds * sample_rate)
        file.writeframes(b"")
    with path.open("r+b") as file:
        header = bytearray(file.read(44))
        header[40:44] = (2 * seconds * sample_rate).to_bytes(4, "little")
        header[4:8] = (36 + 2 * seconds * sample_rate).to_bytes(4, "little")
        file.seek(0)
        file.write(header)
        file.truncate(44 + 2 * seconds * sample_rate)


if __name__ == "__main__":
    main()
