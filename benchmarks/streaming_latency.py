"""How long a sound takes to be heard live: a click in a stream, and the first score that is another one for it.

Chunks of 10 ms of quiet noise are pushed; the click stands at every quarter of a millisecond of 40 ms in turn. Then
what a push costs.
"""

from __future__ import annotations

import gc
import time
from dataclasses import dataclass, field

import numpy as np

from benchmarks.measure import report, require_one_thread, timing
from benchmarks.streaming import NONE_SOUNDS, PUSH_S, bursts, options, recognizer_of
from panns.detection.state import StreamState
from panns.recognizer import Recognizer
from panns.results import StreamScores

RATES = (16_000, 44_100, 48_000)
BEFORE_S, AFTER_S = 1.0, 0.3
# Of all places in a block of `stream`; the window of a frame hardly hears the last ones.
OFFSETS_MS = np.arange(0, 40, 0.25)
NOISE_LEVEL, CLICK = 1e-3, 0.5
# The network's own rounding is below it.
CHANGED = 1e-6
PUBLISHED = (
    ("YAMNet", "975", "[README](https://github.com/tensorflow/models/tree/master/research/audioset/yamnet)"),
    ("BirdNET", "3000", "[Kahl et al. 2021](https://doi.org/10.1016/j.ecoinf.2021.101236)"),
    ("SAT", "1000 or 2000", "[2305.17834](https://arxiv.org/abs/2305.17834)"),
)


def main() -> None:
    """Measure and report."""
    parser = options(__doc__)
    parser.add_argument("--seconds", type=float, default=60.0, help="how much is pushed to see what a push costs")
    chosen = parser.parse_args()
    recognizer = recognizer_of(chosen.model)
    report(
        "streaming_latency",
        f"From a click to the first changed score, {recognizer.manifest.architecture}, in pushes of 10 ms",
        [*(latency_row(recognizer, rate) for rate in RATES), *map(published_row, PUBLISHED)],
        notes=(
            "milliseconds of sound pushed since the click when the score was given out, least / mean / most of 160 "
            "places of the click; the time of computing comes on top; of the others what their authors publish, the "
            "sound that one score needs"
        ),
    )
    collector = Collector()
    rows = [row for rate in RATES for row in push_rows(recognizer, rate, chosen.seconds)]
    report(
        "streaming_push",
        f"A push of 10 ms to {recognizer.manifest.architecture}, microseconds, one thread, no class sounds",
        rows,
        notes=f"wall time holds what else ran; {collector.stop()}",
    )


def latency_row(recognizer: Recognizer, rate: int) -> dict[str, object]:
    """Delays at one rate."""
    step, n_before = round(PUSH_S * rate), round(BEFORE_S * rate)
    noise = NOISE_LEVEL * np.random.default_rng(0).standard_normal(round((BEFORE_S + AFTER_S) * rate))
    noise = noise.astype(np.float32)
    stream = recognizer.stream(rate, threshold=NONE_SOUNDS)
    stream.push(noise[:n_before])
    heard = hear(recognizer, rate, stream.state, noise[n_before:], step)
    changed_ms, covered_ms = [], []
    for offset_ms in OFFSETS_MS:
        at = round(1e-3 * offset_ms * rate)
        sound = noise[n_before:].copy()
        sound[at] += CLICK
        with_click = hear(recognizer, rate, stream.state, sound, step)
        changed = next(
            i
            for i, (one, other) in enumerate(zip(with_click, heard, strict=True))
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
        "the frame of the click": _spread(covered_ms),
        "delay of a frame, at most": f"{1e3 * stream.latency_s:.1f}",
        "source": "measured",
    }


def published_row(published: tuple[str, str, str]) -> dict[str, object]:
    """What the authors of another model say."""
    name, delay_ms, source = published
    return {
        "by": name,
        "input, kHz": "-",
        "first changed score": "-",
        "the frame of the click": "-",
        "delay of a frame, at most": delay_ms,
        "source": f"published, {source}",
    }


def hear(recognizer: Recognizer, rate: int, state: StreamState, sound: np.ndarray, step: int) -> list[StreamScores]:
    """What every push gives, from a state on."""
    stream = recognizer.stream(rate, threshold=NONE_SOUNDS, state=state)
    return [stream.push(sound[start : start + step]) for start in range(0, len(sound), step)]


def _spread(values: list[float]) -> str:
    return f"{min(values):.1f} / {np.mean(values):.1f} / {max(values):.1f}"


@dataclass
class Pushes:
    """Times of pushes, in microseconds."""

    wall: list[float] = field(default_factory=list)
    cpu: list[float] = field(default_factory=list)


def push_rows(recognizer: Recognizer, rate: int, seconds: float) -> list[dict[str, object]]:
    """What pushes cost at one rate: those that complete no block of the model, and those that do."""
    step = round(PUSH_S * rate)
    sound = bursts(seconds + BEFORE_S, rate)
    stream = recognizer.stream(rate, threshold=NONE_SOUNDS)
    n_warm = round(BEFORE_S * rate)
    for start in range(0, n_warm, step):
        stream.push(sound[start : start + step])
    of_kind = {"completes no block": Pushes(), "completes a block": Pushes()}
    for start in range(n_warm, len(sound) - step + 1, step):
        chunk = sound[start : start + step]
        cpu, wall = time.process_time_ns(), time.perf_counter_ns()
        scores = stream.push(chunk)
        wall, cpu = time.perf_counter_ns() - wall, time.process_time_ns() - cpu
        pushes = of_kind["completes a block" if len(scores.frame_probs) else "completes no block"]
        pushes.wall.append(wall / 1e3)
        pushes.cpu.append(cpu / 1e3)
    return [
        {
            "input, kHz": f"{rate / 1e3:g}",
            "push": kind,
            "pushes": len(pushes.cpu),
            "CPU": timing(pushes.cpu),
            "CPU, 99 of 100": f"{np.percentile(pushes.cpu, 99):.0f}",
            "wall, median": f"{np.median(pushes.wall):.0f}",
            "wall, 99 of 100": f"{np.percentile(pushes.wall, 99):.0f}",
            "wall, longest": f"{max(pushes.wall):.0f}",
        }
        for kind, pushes in of_kind.items()
    ]


class Collector:
    """Watches the garbage collector, whose pauses fall on some pushes; it is left on, as it is for users."""

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
        """What it did."""
        gc.callbacks.remove(self._note)
        n_pauses = len(self._pauses_us) - 1
        return f"the garbage collector ran {n_pauses} times in all, for at most {max(self._pauses_us):.0f} microseconds"


if __name__ == "__main__":
    require_one_thread()
    main()
