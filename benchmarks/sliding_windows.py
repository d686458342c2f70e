"""Cost of continuous detection and its parts: a streaming model beside models on sliding windows."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np

from benchmarks.material import checkpoint
from benchmarks.measure import report, require_one_thread, timing
from benchmarks.streaming import NEVER_REACHED, bursts, options
from panns.audio.resampling.polyphase import PolyphaseResampler
from panns.detection import WindowConfig, make_scorer
from panns.detection.exact_calls import MAX_CALL_S
from panns.detection.offline import rechunk
from panns.events import EventConfig, EventTracker
from panns.recognizer import Recognizer
from panns.results import Scores
from panns.runtime.backend import Backend
from panns.runtime.load import load_model, make_model
from panns.runtime.model import Model
from panns.system.arrays import Array

RATES = (16_000, 44_100)
WINDOWS: tuple[tuple[str, WindowConfig | None, str], ...] = (
    ("mn04_as", WindowConfig(1.0, 0.1), "1 s each 0.1 s"),
    ("mn04_as", WindowConfig(2.0, 0.1), "2 s each 0.1 s"),
    ("mn04_as", WindowConfig(0.96, 0.48), "0.96 s each 0.48 s, as YAMNet"),
    ("builtin", None, "10 s, its frames"),
)


class ClockedBackend:
    """Backend that measures its CPU time."""

    def __init__(self, backend: Backend) -> None:
        self._backend = backend
        self.device, self.inputs, self.state_size = backend.device, backend.inputs, backend.state_size
        self.cpu_s = 0.0

    def __call__(self, *batch: Array) -> Scores:
        """Scores of a batch."""
        start = time.process_time()
        scores = self._backend(*batch)
        self.cpu_s += time.process_time() - start
        return scores

    def step(self, batch: Array, state: Array) -> tuple[Scores, Array]:
        """Scores of blocks and the states after them."""
        start = time.process_time()
        scores_and_state = self._backend.step(batch, state)
        self.cpu_s += time.process_time() - start
        return scores_and_state


@dataclass(frozen=True)
class Case:
    """A model and its windows."""

    name: str
    model: Model
    recognizer: Recognizer
    windows: WindowConfig | None
    title: str


def main() -> None:
    """Measure and report."""
    parser = options(__doc__)
    parser.add_argument("--seconds", type=float, default=60.0, help="length of the sound in seconds (default 60)")
    parser.add_argument("--rounds", type=int, default=5, help="number of measurements (default 5)")
    chosen = parser.parse_args()
    cases = list(load_cases(chosen.model))
    rows = [row for rate in RATES for row in measure_rows(cases, rate, chosen.seconds, chosen.rounds)]
    title = f"Detecting in {chosen.seconds:g} s of sound, CPU-ms per second of it, one thread"
    notes = "delay: maximum time from the start of a frame to its scores, without computing time"
    report("sliding_windows", title, rows, notes=notes)


def load_cases(stream: str) -> Iterator[Case]:
    """Load the streaming model and the models on sliding windows."""
    for name, windows, title in ((stream, None, "blocks of 40 ms"), *WINDOWS):
        loaded = load_model(checkpoint(name), n_threads=1)
        model = make_model(loaded.manifest, ClockedBackend(loaded.backend))
        yield Case(model.manifest.architecture, model, Recognizer(model, "onnx"), windows, title)


def measure_rows(cases: list[Case], rate: int, seconds: float, n_rounds: int) -> list[dict[str, object]]:
    """Measure all cases at one rate in turns, so that other load on the machine affects all alike."""
    sound = bursts(seconds, rate)
    rounds = [[measure_cpu_s(case, sound, rate) for case in cases] for _ in range(n_rounds + 1)][1:]
    rows: list[dict[str, object]] = []
    for i, case in enumerate(cases):
        ms = {part: timing([1e3 * one[i][part] / seconds for one in rounds]) for part in rounds[0][i]}
        ratio = timing([one[i]["whole"] / one[0]["whole"] for one in rounds])
        stream = case.recognizer.stream(rate, windows=case.windows)
        rows.append(
            {
                "input, kHz": f"{rate / 1e3:g}",
                "by": case.name,
                "windows": case.title,
                "delay, s": f"{stream.latency_s:.2f}",
                **{
                    part: f"{ms[part].median:.2f}" for part in ("resampling", "front end", "network", "events", "whole")
                },
                "relative to the first": str(ratio),
            }
        )
    return rows


def measure_cpu_s(case: Case, sound: np.ndarray, rate: int) -> dict[str, float]:
    """Measure the CPU seconds of detection as in `panns detect`, and of its parts.

    The first round does not count: a streaming model tests there how many blocks it can score in one call.
    """
    start = time.process_time()
    case.recognizer.detect((sound, rate), threshold=NEVER_REACHED, windows=case.windows)
    cpu_s = defaultdict(float, {"whole": time.process_time() - start})

    @contextmanager
    def clocked(part: str) -> Iterator[None]:
        start = time.process_time()
        yield
        cpu_s[part] += time.process_time() - start

    manifest, backend = case.model.manifest, case.model.backend
    assert isinstance(backend, ClockedBackend)
    resampler, scorer = PolyphaseResampler(rate, manifest.sample_rate), make_scorer(case.model, case.windows)
    tracker = EventTracker([NEVER_REACHED] * len(manifest.labels), scorer.hop_s, EventConfig())
    resampling, state, events = resampler.initial_state(), scorer.initial_state(), tracker.initial_state()
    backend.cpu_s = 0.0
    for block in rechunk([sound], round(MAX_CALL_S * rate)):
        with clocked("resampling"):
            samples, resampling = resampler.push(block, resampling)
        with clocked("front end"):
            (frames,), (state,) = scorer.step([samples], [state])
        with clocked("events"):
            _, events = tracker.push(events, *frames)
    with clocked("front end"):
        scorer.finish(state)
    cpu_s["network"] = backend.cpu_s
    cpu_s["front end"] -= backend.cpu_s
    return dict(cpu_s)


if __name__ == "__main__":
    require_one_thread()
    main()
