"""What hearing all the time costs: a model with a state beside models that hear windows, and where the time goes."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np

from benchmarks.material import checkpoint
from benchmarks.measure import report, require_one_thread, timing
from benchmarks.streaming import NONE_SOUNDS, bursts, options
from panns.audio.resampling.polyphase import PolyphaseResampler
from panns.detection import AT_ONCE_S, WindowConfig, make_scorer
from panns.detection.joining import joined_blocks
from panns.events import EventConfig, EventTracker
from panns.recognizer import Recognizer
from panns.results import Array, Scores
from panns.runtime.backend import Backend
from panns.runtime.load import load_model
from panns.runtime.model import Model

RATES = (16_000, 44_100)
WINDOWS: tuple[tuple[str, WindowConfig | None, str], ...] = (
    ("mn04_as", WindowConfig(1.0, 0.1), "1 s each 0.1 s"),
    ("mn04_as", WindowConfig(2.0, 0.1), "2 s each 0.1 s"),
    ("mn04_as", WindowConfig(0.96, 0.48), "0.96 s each 0.48 s, as YAMNet"),
    ("builtin", None, "10 s, its frames"),
)


class ClockedBackend:
    """A backend that counts the CPU time spent in it."""

    def __init__(self, backend: Backend) -> None:
        self._backend = backend
        self.device, self.inputs, self.state_size = backend.device, backend.inputs, backend.state_size
        self.cpu_s = 0.0

    def __call__(self, *batch: Array) -> Scores:
        """The scores of a batch."""
        start = time.process_time()
        scores = self._backend(*batch)
        self.cpu_s += time.process_time() - start
        return scores

    def step(self, batch: Array, state: Array) -> tuple[Scores, Array]:
        """The scores of blocks and the states after them."""
        start = time.process_time()
        scores_and_state = self._backend.step(batch, state)
        self.cpu_s += time.process_time() - start
        return scores_and_state


@dataclass(frozen=True)
class Case:
    """A model and how it hears."""

    name: str
    model: Model
    recognizer: Recognizer
    hearing: WindowConfig | None
    title: str


def main() -> None:
    """Measure and report."""
    parser = options(__doc__)
    parser.add_argument("--seconds", type=float, default=60.0, help="length of the sound")
    parser.add_argument("--rounds", type=int, default=5, help="how often everything is measured, in turns")
    chosen = parser.parse_args()
    cases = list(cases_of(chosen.model))
    rows = [row for rate in RATES for row in rows_of(cases, rate, chosen.seconds, chosen.rounds)]
    title = f"Detecting in {chosen.seconds:g} s of sound, CPU-ms for a second of it, one thread"
    notes = "delay: how much later than it began a frame is given out, at most, apart from the time of computing"
    report("sliding_windows", title, rows, notes=notes)


def cases_of(stream: str) -> Iterator[Case]:
    """The streaming model and what hears windows."""
    for name, hearing, title in ((stream, None, "blocks of 40 ms"), *WINDOWS):
        loaded = load_model(checkpoint(name), n_threads=1)
        model = Model(loaded.manifest, ClockedBackend(loaded.backend))
        yield Case(model.manifest.architecture, model, Recognizer(model, "onnx"), hearing, title)


def rows_of(cases: list[Case], rate: int, seconds: float, n_rounds: int) -> list[dict[str, object]]:
    """All cases at one rate, in turns, so that a busy moment of the machine falls on all alike."""
    sound = bursts(seconds, rate)
    rounds = [[cpu_s_of(case, sound, rate) for case in cases] for _ in range(n_rounds + 1)][1:]
    rows: list[dict[str, object]] = []
    for i, case in enumerate(cases):
        ms = {part: timing([1e3 * one[i][part] / seconds for one in rounds]) for part in rounds[0][i]}
        ratio = timing([one[i]["whole"] / one[0]["whole"] for one in rounds])
        stream = case.recognizer.stream(rate, windows=case.hearing)
        rows.append(
            {
                "input, kHz": f"{rate / 1e3:g}",
                "by": case.name,
                "windows": case.title,
                "delay, s": f"{stream.latency_s:.2f}",
                **{
                    part: f"{ms[part].median:.2f}" for part in ("resampling", "front end", "network", "events", "whole")
                },
                "times the first": str(ratio),
            }
        )
    return rows


def cpu_s_of(case: Case, sound: np.ndarray, rate: int) -> dict[str, float]:
    """CPU seconds of detecting as `panns detect` does, and of the parts of it by themselves.

    In the first round, which does not count, a model with a state tries out how many blocks it can hear in one call.
    """
    start = time.process_time()
    case.recognizer.detect((sound, rate), threshold=NONE_SOUNDS, windows=case.hearing)
    cpu_s = defaultdict(float, {"whole": time.process_time() - start})

    @contextmanager
    def clocked(part: str) -> Iterator[None]:
        start = time.process_time()
        yield
        cpu_s[part] += time.process_time() - start

    manifest, backend = case.model.manifest, case.model.backend
    assert isinstance(backend, ClockedBackend)
    resampler, hearing = PolyphaseResampler(rate, manifest.sample_rate), make_scorer(case.model, case.hearing)
    tracker = EventTracker([NONE_SOUNDS] * len(manifest.labels), hearing.hop_s, EventConfig())
    resampling, heard, events = resampler.initial_state(), hearing.initial_state(), tracker.initial_state()
    backend.cpu_s = 0.0
    for block in joined_blocks([sound], round(AT_ONCE_S * rate)):
        with clocked("resampling"):
            samples, resampling = resampler.push(block, resampling)
        with clocked("front end"):
            (frames,), (heard,) = hearing.step([samples], [heard])
        with clocked("events"):
            _, events = tracker.push(events, *frames)
    with clocked("front end"):
        hearing.finish(heard)
    cpu_s["network"] = backend.cpu_s
    cpu_s["front end"] -= backend.cpu_s
    return dict(cpu_s)


if __name__ == "__main__":
    require_one_thread()
    main()
