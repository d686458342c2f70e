"""Stability of a stream over a day: events, times, scores and size of the state, compared with its second hour.

A minute of sound repeats, so its events must repeat too, one minute later to a microsecond.
"""

from __future__ import annotations

import resource
import time

import numpy as np

from benchmarks.measure import report, require_one_thread
from benchmarks.streaming import NEVER_REACHED, bursts, load_recognizer, options
from panns.detection.stream import Stream
from panns.events import EventConfig
from panns.recognizer import Recognizer
from panns.results import Event

PERIOD_S = 60
# Every crossing of the threshold makes an event, which gives many events to compare.
EVENTS = EventConfig(release=1.0, min_gap_s=0.05, min_duration_s=0.02)
SAME_S = 1e-6


def main() -> None:
    """Measure and report."""
    parser = options(__doc__)
    parser.add_argument("--hours", type=float, default=24.0, help="hours of sound, at least 0.1 (default 24)")
    parser.add_argument("--rate", type=int, default=44_100, help="sample rate of the sound in Hz (default 44100)")
    chosen = parser.parse_args()
    recognizer = load_recognizer(chosen.model)
    n_periods = round(3_600 * chosen.hours / PERIOD_S)
    settled = max(2, n_periods // 24)  # for a day, the first minute of the second hour
    sound = bursts(PERIOD_S, chosen.rate)
    threshold, gap = clear_threshold(recognizer, sound, chosen.rate)
    stream = recognizer.stream(chosen.rate, threshold=threshold, config=EVENTS)
    second = at_settled = last = np.zeros(0)
    current: list[Event] = []
    expected: list[Event] = []
    n_same, furthest_s, sizes, mb_at_quarter = 0, 0.0, set(), 0.0
    start = time.process_time()
    for period in range(n_periods):
        last, events = push_period(stream, sound)
        border_s = period * PERIOD_S - SAME_S
        # An event that began in the minute before may have ended in this one.
        before = [*current, *(event for event in events if event.onset_s < border_s)]
        current = [event for event in events if event.onset_s >= border_s]
        if period == 1:
            second = last
        if period == settled:
            at_settled = last
        if period == settled + 1:
            expected = before
        if period == max(settled + 2, n_periods // 4):  # the kept scores have reached their full size long ago
            mb_at_quarter = peak_mb()
        if period > settled:
            sizes.add(len(stream.state.to_bytes()))
            apart_s = largest_time_difference(before, expected, (period - 1 - settled) * PERIOD_S)
            n_same += apart_s <= SAME_S
            furthest_s = max(furthest_s, apart_s)
    mb_at_end = peak_mb()  # before comparing scores, which doubles the memory
    row: dict[str, object] = {
        "pushed, h": f"{stream.duration_s / 3_600:g}",
        "events per minute": len(expected),
        "minutes with the same events": f"{n_same} of {n_periods - 1 - settled}",
        "largest time difference, s": f"{furthest_s:.1e}",
        "score difference, last minute to second": f"{np.abs(last - second).max():.1e}",
        "last minute to settled": f"{np.abs(last - at_settled).max():.1e}",
        "state, bytes": " or ".join(map(str, sorted(sizes))),
        "peak MB, after a quarter": f"{mb_at_quarter:.1f}",
        "peak MB, at the end": f"{mb_at_end:.1f}",
        "CPU-s": f"{time.process_time() - start:.0f}",
    }
    title = f"A repeated minute of sound, {recognizer.manifest.architecture}, {chosen.rate / 1e3:g} kHz, one thread"
    notes = (
        f"the stream has settled by minute {settled + 1}, the reference of all later minutes; scores of the first "
        f"minute are at least {gap:.0e} away from the threshold"
    )
    report("stream_clock", title, [row], notes=notes)


def clear_threshold(recognizer: Recognizer, sound: np.ndarray, rate: int) -> tuple[float, float]:
    """Find a threshold that about 1 % of scores reach, as far as possible from any score; return it and that distance.

    Scores of a repeated minute may differ in the last bit, which must not change an event.
    """
    probs, _ = push_period(recognizer.stream(rate, threshold=NEVER_REACHED), sound)
    scores = np.unique(probs)
    scores = scores[(scores >= np.quantile(probs, 0.985)) & (scores <= np.quantile(probs, 0.995))]
    widest = int(np.argmax(np.diff(scores)))
    below, above = float(scores[widest]), float(scores[widest + 1])
    return (below + above) / 2, (above - below) / 2


def push_period(stream: Stream, sound: np.ndarray) -> tuple[np.ndarray, list[Event]]:
    """Push a minute, second by second; return its scores and the events that ended."""
    scores = [stream.push(block) for block in np.split(sound, PERIOD_S)]
    return np.concatenate([one.frame_probs for one in scores]), [event for one in scores for event in one.events]


def largest_time_difference(events: list[Event], expected: list[Event], later_s: float) -> float:
    """Largest difference between event times and expected times `later_s` later; infinite if the classes differ."""
    if [event.index for event in events] != [event.index for event in expected]:
        return float("inf")
    times, others = (np.array([(event.onset_s, event.offset_s) for event in some]) for some in (events, expected))
    return float(np.abs(times - others - later_s).max(initial=0.0))


def peak_mb() -> float:
    """Peak memory of this process in MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


if __name__ == "__main__":
    require_one_thread()
    main()
