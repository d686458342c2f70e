"""Latency of a stream: the delay from a click to the first changed score; then the cost of a push.

Pushes chunks of 10 ms of quiet noise, with a click at every quarter of a millisecond of 40 ms in turn.
"""

from __future__ import annotations

import gc
import time
from dataclasses import dataclass, field

import numpy as np

from benchmarks.measure import report, require_one_thread, timing
from benchmarks.streaming import NEVER_REACHED, PUSH_S, bursts, load_recognizer, options
from panns.detection.state import StreamState
from panns.recognizer import Recognizer
from panns.results import StreamScores

RATES = (16_000, 44_100, 48_000)
BEFORE_S, AFTER_S = 1.0, 0.3
# Positions in a block of `stream`; the window of a frame attenuates the last ones.
OFFSETS_MS = np.arange(0, 40, 0.25)
NOISE_LEVEL, CLICK = 1e-3, 0.5
# Above the rounding errors of the network.
CHANGED = 1e-6
PUBLISHED = (
    ("YAMNet", "975", "[README](https://github.com/tensorflow/models/tree/master/research/audioset/yamnet)"),
    ("BirdNET", "3000", "[Kahl et al. 2021](https://doi.org/10.1016/j.ecoinf.2021.101236)"),
    ("SAT", "1000 or 2000", "[2305.17834](https://arxiv.org/abs/2305.17834)"),
)


def main() -> None:
    """Measure and report."""
    parser = options(__doc__)
    parser.add_argument("--seconds", type=float, default=60.0, help="seconds of sound to push (default 60)")
    chosen = parser.parse_args()
    recognizer = load_recognizer(chosen.model)
    report(
        "streaming_latency",
        f"From a click to the first changed score, {recognizer.manifest.architecture}, in pushes of 10 ms",
        [*(latency_row(recognizer, rate) for rate in RATES), *map(published_row, PUBLISHED)],
        notes=(
            "milliseconds of sound pushed from the click to the score, minimum / mean / maximum over 160 positions of "
            "the click, without computing time; for the others the published length of sound that a score needs"
        ),
    )
    collector = Collector()
    rows = [row for rate in RATES for row in push_rows(recognizer, rate, chosen.seconds)]
    report(
        "streaming_push",
        f"A push of 10 ms to {recognizer.manifest.architecture}, microseconds, one thread, all classes inactive",
        rows,
        notes=f"wall time includes other processes; {collector.stop()}",
    )


def latency_row(recognizer: Recognizer, rate: int) -> dict[str, object]:
    """Measure delays at one sample rate."""
    step, n_before = round(PUSH_S * rate), round(BEFORE_S * rate)
    noise = NOISE_LEVEL * np.random.default_rng(0).standard_normal(round((BEFORE_S + AFTER_S) * rate))
    noise = noise.astype(np.float32)
    stream = recognizer.stream(rate, threshold=NEVER_REACHED)
    stream.push(noise[:n_before])
    baseline = push_all_chunks(recognizer, rate, stream.state, noise[n_before:], step)
    changed_ms, covered_ms = [], []
    for offset_ms in OFFSETS_MS:
        at = round(1e-3 * offset_ms * rate)
        sound = noise[n_before:].copy()
        sound[at] += CLICK
        with_click = push_all_chunks(recognizer, rate, stream.state, sound, step)
        changed = next(
            i
            for i, (one, other) in enumerate(zip(with_click, baseline, strict=True))
            if (np.abs(one.frame_probs - other.frame_probs) > CHANGED).any()
        )
        click_s, hop_s = (n_before + at) / rate, recognizer.manifest.config.frame_hop_s
        covered = next(
            i
            for i, scores in enumerate(with_click)
            if len(scores.frame_onsets_s) and scores.frame_onsets_s[-1] + hop_s > click_s
        )
        changed_ms.append(1e3 * ((changed + 1) * step - at) / rate)
        covered_ms.append(1e3 * ((covered + 1) * step - at) / rate)
    return {
        "by": recognizer.manifest.architecture,
        "input, kHz": f"{rate / 1e3:g}",
        "first changed score": _spread(changed_ms),
        "frame of the click": _spread(covered_ms),
        "maximum delay of a frame": f"{1e3 * stream.latency_s:.1f}",
        "source": "measured",
    }


def published_row(published: tuple[str, str, str]) -> dict[str, object]:
    """Row of a published delay."""
    name, delay_ms, source = published
    return {
        "by": name,
        "input, kHz": "-",
        "first changed score": "-",
        "frame of the click": "-",
        "maximum delay of a frame": delay_ms,
        "source": f"published, {source}",
    }


def push_all_chunks(
    recognizer: Recognizer, rate: int, state: StreamState, sound: np.ndarray, step: int
) -> list[StreamScores]:
    """Push a sound in chunks from a state on; return the scores of every push."""
    stream = recognizer.stream(rate, threshold=NEVER_REACHED, state=state)
    return [stream.push(sound[start : start + step]) for start in range(0, len(sound), step)]


def _spread(values: list[float]) -> str:
    return f"{min(values):.1f} / {np.mean(values):.1f} / {max(values):.1f}"


@dataclass
class Pushes:
    """Times of pushes, in microseconds."""

    wall: list[float] = field(default_factory=list)
    cpu: list[float] = field(default_factory=list)


def push_rows(recognizer: Recognizer, rate: int, seconds: float) -> list[dict[str, object]]:
    """Measure the cost of pushes at one sample rate, with and without completing a block of the model."""
    step = round(PUSH_S * rate)
    sound = bursts(seconds + BEFORE_S, rate)
    stream = recognizer.stream(rate, threshold=NEVER_REACHED)
    n_warm = round(BEFORE_S * rate)
    for start in range(0, n_warm, step):
        stream.push(sound[start : start + step])
    pushes_by_kind = {"within a block": Pushes(), "completes a block": Pushes()}
    for start in range(n_warm, len(sound) - step + 1, step):
        chunk = sound[start : start + step]
        cpu, wall = time.process_time_ns(), time.perf_counter_ns()
        scores = stream.push(chunk)
        wall, cpu = time.perf_counter_ns() - wall, time.process_time_ns() - cpu
        pushes = pushes_by_kind["completes a block" if len(scores.frame_probs) else "within a block"]
        pushes.wall.append(wall / 1e3)
        pushes.cpu.append(cpu / 1e3)
    return [
        {
            "input, kHz": f"{rate / 1e3:g}",
            "push": kind,
            "pushes": len(pushes.cpu),
            "CPU": timing(pushes.cpu),
            "CPU, 99th percentile": f"{np.percentile(pushes.cpu, 99):.0f}",
            "wall, median": f"{np.median(pushes.wall):.0f}",
            "wall, 99th percentile": f"{np.percentile(pushes.wall, 99):.0f}",
            "wall, maximum": f"{max(pushes.wall):.0f}",
        }
        for kind, pushes in pushes_by_kind.items()
    ]


class Collector:
    """Record the pauses of the garbage collector, which stays on as in normal use."""

    def __init__(self) -> None:
        gc.collect()
        self._start_ns, self._pauses_us = 0, [0.0]
        gc.callbacks.append(self._note)

    def _note(self, phase: str, _: dict[str, int]) -> None:
        if phase == "start":
            self._start_ns = time.perf_counter_ns()
        else:
            self._pauses_us.append((time.perf_counter_ns() - self._start_ns) / 1e3)

    def stop(self) -> str:
        """Stop recording and describe the pauses."""
        gc.callbacks.remove(self._note)
        n_pauses = len(self._pauses_us) - 1
        return f"the garbage collector ran {n_pauses} times, for at most {max(self._pauses_us):.0f} microseconds"


if __name__ == "__main__":
    require_one_thread()
    main()
