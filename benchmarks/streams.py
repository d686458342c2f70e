"""How many live streams one core carries: a second of many of them, pushed together every 10 ms.

They began at different moments, as streams do, so every push completes a block of a quarter of them.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

import numpy as np

from benchmarks.measure import report, require_one_thread, run_process, timing
from benchmarks.streaming import NONE_SOUNDS, PUSH_S, bursts, few_sound, options, recognizer_of
from panns.detection.detector import push_all
from panns.detection.state import StreamState
from panns.recognizer import Recognizer

RATES = (16_000, 44_100)
SIZES = (1, 10, 50, 100)
N_PHASES = 4  # pushes to a block of `stream`


class Crowd:
    """Streams that hear different parts of a sound."""

    def __init__(self, recognizer: Recognizer, rate: int, n_streams: int, threshold: float) -> None:
        sound, step = bursts(10, rate), round(PUSH_S * rate)
        self.streams = [recognizer.stream(rate, threshold=threshold) for _ in range(n_streams)]
        for k, stream in enumerate(self.streams):
            stream.push(sound[: k % N_PHASES * step])
        starts = [(k * rate // 7) % (len(sound) - rate) for k in range(n_streams)]
        self._chunks = [
            [sound[start + i * step : start + (i + 1) * step] for start in starts] for i in range(round(1 / PUSH_S))
        ]
        self.n_sounding = 0.0

    def hear_second(self) -> float:
        """Push a second; CPU seconds."""
        start, n_sounding = time.process_time(), 0
        for chunks in self._chunks:
            n_sounding += sum(len(scores.ongoing) for scores in push_all(self.streams, chunks))
        self.n_sounding = n_sounding / len(self._chunks) / len(self.streams)
        return time.process_time() - start


def main() -> None:
    """Measure and report; with `--hold`, only say how much memory the process takes that hears some streams."""
    parser = options(__doc__)
    parser.add_argument("--rounds", type=int, default=7, help="how often everything is measured, in turns")
    parser.add_argument("--hold", type=int, nargs=2, metavar=("N", "RATE"), help="only say the memory of N streams")
    chosen = parser.parse_args()
    recognizer = recognizer_of(chosen.model)
    if chosen.hold:
        print(json.dumps(mb_of(recognizer, *chosen.hold)))
        return
    rows, notes = [], []
    for rate in RATES:
        rows += rows_of(recognizer, rate, chosen.model, chosen.rounds)
        state = recognizer.stream(rate).state
        notes.append(
            f"a state at {rate / 1e3:g} kHz is {n_bytes(state) / 1e3:.1f} kB in memory and "
            f"{len(state.to_bytes()) / 1e3:.1f} kB saved"
        )
    title = f"Live streams of {recognizer.manifest.architecture} pushed together every 10 ms, one core"
    report("streams", title, rows, notes="; ".join(notes))


def rows_of(recognizer: Recognizer, rate: int, model: str, n_rounds: int) -> list[dict[str, object]]:
    """Crowds of all sizes at one rate, in turns, so that a busy moment of the machine falls on all alike."""
    thresholds = {"none": NONE_SOUNDS, "few": few_sound(recognizer)}
    crowds = {
        (size, kind): Crowd(recognizer, rate, size, threshold)
        for size in SIZES
        for kind, threshold in thresholds.items()
    }
    rounds = [{key: crowd.hear_second() for key, crowd in crowds.items()} for _ in range(n_rounds + 1)][1:]
    rows: list[dict[str, object]] = []
    for size in SIZES:
        none, few = (timing([1e3 * one[size, kind] for one in rounds]) for kind in thresholds)
        # In a process of its own, so that what others took and freed is not counted.
        command = [sys.executable, "-m", "benchmarks.streams", "--model", model, "--hold", str(size), str(rate)]
        mb, added_mb = json.loads(run_process(command).stdout)
        rows.append(
            {
                "input, kHz": f"{rate / 1e3:g}",
                "streams": size,
                "none sounds, CPU-ms a second": none,
                "few sound, CPU-ms a second": few,
                "classes sounding": f"{crowds[size, 'few'].n_sounding:.1f}",
                "real-time factor of one": f"{few.median / 1e3 / size:.4f}",
                "streams a core": int(1e3 * size / few.median),
                "process, MB": f"{mb:.1f}",
                "of it a stream, kB": f"{1e3 * added_mb / size:.0f}",
            }
        )
    return rows


def mb_of(recognizer: Recognizer, n_streams: int, rate: int) -> tuple[float, float]:
    """Memory of this process when it has heard a second of some streams, and how much of it came with them."""
    Crowd(recognizer, rate, 1, NONE_SOUNDS).hear_second()
    before = resident_mb()
    crowd = Crowd(recognizer, rate, n_streams, NONE_SOUNDS)
    crowd.hear_second()
    after = resident_mb()
    return after, after - before


def resident_mb() -> float:
    """Memory of this process now, on Linux."""
    lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmRSS:")) / 1024


def n_bytes(state: StreamState) -> int:
    """Bytes of all arrays in a state."""
    values: list[object] = [value for part in vars(state).values() for value in vars(part).values()]
    values += state.scorer.samples
    return sum(value.nbytes for value in values if isinstance(value, np.ndarray))


if __name__ == "__main__":
    require_one_thread()
    main()
