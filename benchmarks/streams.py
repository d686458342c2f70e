"""Number of live streams per core: many streams, pushed together every 10 ms.

The streams start at different times, so every push completes a block of a quarter of them.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

import numpy as np

from benchmarks.measure import report, require_one_thread, run_process, timing
from benchmarks.streaming import NEVER_REACHED, PUSH_S, bursts, few_classes_threshold, load_recognizer, options
from panns.detection.state import StreamState
from panns.detection.stream import push_all
from panns.recognizer import Recognizer

RATES = (16_000, 44_100)
SIZES = (1, 10, 50, 100)
N_PHASES = 4  # pushes to a block of `stream`


class Crowd:
    """Streams that receive different parts of a sound."""

    def __init__(self, recognizer: Recognizer, rate: int, n_streams: int, threshold: float) -> None:
        sound, step = bursts(10, rate), round(PUSH_S * rate)
        self.streams = [recognizer.stream(rate, threshold=threshold) for _ in range(n_streams)]
        for k, stream in enumerate(self.streams):
            stream.push(sound[: k % N_PHASES * step])
        starts = [(k * rate // 7) % (len(sound) - rate) for k in range(n_streams)]
        self._chunks = [
            [sound[start + i * step : start + (i + 1) * step] for start in starts] for i in range(round(1 / PUSH_S))
        ]
        self.n_active = 0.0

    def push_second(self) -> float:
        """Push a second of sound; return the CPU seconds."""
        start, n_active = time.process_time(), 0
        for chunks in self._chunks:
            n_active += sum(len(scores.ongoing) for scores in push_all(self.streams, chunks))
        self.n_active = n_active / len(self._chunks) / len(self.streams)
        return time.process_time() - start


def main() -> None:
    """Measure and report; with `--hold`, only print the memory of a process with some streams."""
    parser = options(__doc__)
    parser.add_argument("--rounds", type=int, default=7, help="number of measurements (default 7)")
    parser.add_argument("--hold", type=int, nargs=2, metavar=("N", "RATE"), help="only print the memory of N streams")
    chosen = parser.parse_args()
    recognizer = load_recognizer(chosen.model)
    if chosen.hold:
        print(json.dumps(measure_mb(recognizer, *chosen.hold)))
        return
    rows, notes = [], []
    for rate in RATES:
        rows += measure_rows(recognizer, rate, chosen.model, chosen.rounds)
        state = recognizer.stream(rate).state
        notes.append(
            f"a state at {rate / 1e3:g} kHz is {n_bytes(state) / 1e3:.1f} kB in memory and "
            f"{len(state.to_bytes()) / 1e3:.1f} kB saved"
        )
    title = f"Live streams of {recognizer.manifest.architecture} pushed together every 10 ms, one core"
    report("streams", title, rows, notes="; ".join(notes))


def measure_rows(recognizer: Recognizer, rate: int, model: str, n_rounds: int) -> list[dict[str, object]]:
    """Measure crowds of all sizes at one rate in turns, so that other load on the machine affects all alike."""
    thresholds = {"none": NEVER_REACHED, "few": few_classes_threshold(recognizer)}
    crowds = {
        (size, kind): Crowd(recognizer, rate, size, threshold)
        for size in SIZES
        for kind, threshold in thresholds.items()
    }
    rounds = [{key: crowd.push_second() for key, crowd in crowds.items()} for _ in range(n_rounds + 1)][1:]
    rows: list[dict[str, object]] = []
    for size in SIZES:
        none, few = (timing([1e3 * one[size, kind] for one in rounds]) for kind in thresholds)
        # In its own process, so that memory of earlier measurements does not count.
        command = [sys.executable, "-m", "benchmarks.streams", "--model", model, "--hold", str(size), str(rate)]
        mb, added_mb = json.loads(run_process(command).stdout)
        rows.append(
            {
                "input, kHz": f"{rate / 1e3:g}",
                "streams": size,
                "all inactive, CPU-ms per second": none,
                "few active, CPU-ms per second": few,
                "active classes": f"{crowds[size, 'few'].n_active:.1f}",
                "real-time factor of one": f"{few.median / 1e3 / size:.4f}",
                "streams per core": int(1e3 * size / few.median),
                "process, MB": f"{mb:.1f}",
                "memory per stream, kB": f"{1e3 * added_mb / size:.0f}",
            }
        )
    return rows


def measure_mb(recognizer: Recognizer, n_streams: int, rate: int) -> tuple[float, float]:
    """Measure the memory of this process after a second of some streams, and the part that the streams added."""
    Crowd(recognizer, rate, 1, NEVER_REACHED).push_second()
    before = resident_mb()
    crowd = Crowd(recognizer, rate, n_streams, NEVER_REACHED)
    crowd.push_second()
    after = resident_mb()
    return after, after - before


def resident_mb() -> float:
    """Resident memory of this process in MB, on Linux."""
    lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmRSS:")) / 1024


def n_bytes(state: StreamState) -> int:
    """Total bytes of the arrays in a state."""
    values: list[object] = [value for part in vars(state).values() for value in vars(part).values()]
    values += state.scorer.samples
    return sum(value.nbytes for value in values if isinstance(value, np.ndarray))


if __name__ == "__main__":
    require_one_thread()
    main()
