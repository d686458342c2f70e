"""Difficult random detection tasks for golden values; independent of the version of numpy."""

from dataclasses import dataclass

import numpy as np

from panns.metrics import FrameScores
from tests.golden.recipe import uniform


@dataclass(frozen=True, eq=False)
class Case:
    """Clips with ground truth, detections, frame scores, and settings.

    Every class has an event, which sed_scores_eval needs. Clips last longer than their scores, so that a few false
    alarms do not end the curve.
    """

    n_classes: int
    truth: list
    detected: list
    scores: list
    durations_s: list
    lengths_s: list
    thresholds: np.ndarray
    collar_s: float
    collar_share: float
    segment_s: float
    dtc: float
    gtc: float
    cttc: float
    alpha_ct: float
    alpha_st: float
    max_fp_per_hour: float


class Draws:
    """Sequence of uniform random numbers."""

    def __init__(self, name):
        self.name, self.n_blocks, self.rest = name, 0, np.empty(0)

    def take(self, n):
        while len(self.rest) < n:
            self.rest = np.concatenate([self.rest, uniform(f"{self.name}/{self.n_blocks}", 4096)])
            self.n_blocks += 1
        taken, self.rest = self.rest[:n], self.rest[n:]
        return taken

    def between(self, low, high):
        return float(low + (high - low) * self.take(1)[0])

    def choice(self, options):
        return options[int(self.take(1)[0] * len(options))]


def random_case(seed):
    draws = Draws(f"detection/{seed}")
    n_clips, n_classes = draws.choice([1, 2, 3, 5]), draws.choice([1, 2, 2, 3, 4])
    grid_s = draws.choice([None, None, 0.125])  # eighths of a second have no rounding errors
    lengths_s = [draws.choice([4.0, 6.0, 9.5]) for _ in range(n_clips)]
    truth = [_some_events(draws, n_classes, length_s, grid_s) for length_s in lengths_s]
    for index in range(n_classes):
        if not any(event[0] == index for events in truth for event in events):
            truth[0].append((index, 0.5, 1.25))
    detected = [
        _jittered(draws, events, n_classes, length_s, grid_s) for events, length_s in zip(truth, lengths_s, strict=True)
    ]
    hop_s, n_levels = draws.choice([0.02, 0.1, 0.064, 0.125, None]), draws.choice([2, 4, 20, None])
    noise = draws.choice([0.05, 0.3, 0.6])
    return Case(
        n_classes=n_classes,
        truth=truth,
        detected=detected,
        scores=[
            _scores(draws, events, n_classes, length_s, hop_s, n_levels, noise)
            for events, length_s in zip(truth, lengths_s, strict=True)
        ],
        durations_s=[draws.choice([10.0, 60.0, 600.0, 3000.0]) + draws.between(0, 5) for _ in range(n_clips)],
        lengths_s=lengths_s,
        thresholds=0.1 + 0.7 * draws.take(n_classes),
        collar_s=0.2 if grid_s is None else 0.25,
        collar_share=draws.choice([0.2, 0.5]) if grid_s is None else 0.25,
        segment_s=draws.choice([1.0, 0.5, 0.125]) if grid_s else draws.choice([1.0, 0.5, 0.1]),
        dtc=draws.choice([0.1, 0.5, draws.between(0.05, 1), 1.0]),
        gtc=draws.choice([0.1, 0.5, draws.between(0.05, 1), 1.0]),
        cttc=draws.choice([0.3, draws.between(0.05, 1)]),
        alpha_ct=draws.between(0.1, 2),
        alpha_st=draws.choice([0.0, 1.0, draws.between(0, 2)]),
        max_fp_per_hour=draws.choice([10.0, 100.0, 1000.0]),
    )


def _some_events(draws, n_classes, length_s, grid_s):
    """Random events, without overlap within a class."""
    events = []
    for index in range(n_classes):
        time_s = draws.between(0, 3)
        while time_s < length_s - 0.3:
            end_s = min(time_s + draws.choice([0.3, 0.8, 2.5]) * draws.between(0.4, 1.6), length_s)
            onset_s, offset_s = _on_grid(time_s, end_s, grid_s)
            events.append((index, onset_s, offset_s))
            time_s = offset_s + draws.choice([0.05, 0.5, 3.0]) * draws.between(0.2, 1.5) + (grid_s or 0)
    return sorted(events, key=lambda event: event[1])


def _jittered(draws, events, n_classes, length_s, grid_s):
    """Detections: shifted events, some twice, some with a wrong class, some without an event."""
    found = []
    spread_s = draws.choice([0.1, 0.3, 1.0])
    for index, onset_s, offset_s in events:
        for _ in range(draws.choice([0, 1, 1, 1, 2])):
            start_s = max(onset_s + draws.between(-spread_s, spread_s), 0.0)
            end_s = max(offset_s + draws.between(-spread_s, spread_s), start_s + 0.05)
            found.append(
                (draws.choice([index, index, int(draws.take(1)[0] * n_classes)]), *_on_grid(start_s, end_s, grid_s))
            )
    if draws.take(1)[0] < 0.3:
        start_s = draws.between(0, length_s)
        found.append((0, *_on_grid(start_s, start_s + draws.between(0.1, 2), grid_s)))
    return found


def _on_grid(start_s, end_s, grid_s):
    if grid_s is None:
        return start_s, end_s
    first = round(start_s / grid_s)
    return first * grid_s, max(round(end_s / grid_s), first + 1) * grid_s


def _scores(draws, events, n_classes, length_s, hop_s, n_levels, noise):
    if hop_s is None:  # frames of different lengths
        edges_s = np.append(0.0, np.cumsum(0.02 + 0.2 * draws.take(40)))
    else:
        edges_s = np.arange(int(length_s / hop_s) + 1) * hop_s
    n_frames = len(edges_s) - 1
    probs = noise * draws.take(n_frames * n_classes).reshape(n_frames, n_classes)
    smooth = (
        np.apply_along_axis(np.convolve, 0, probs, np.ones(5) / 5, mode="same") if draws.take(1)[0] < 0.6 else probs
    )
    for index, onset_s, offset_s in events:
        late_s, share = draws.between(-0.3, 0.3), draws.between(0, 1)
        is_in = (edges_s[:-1] >= onset_s + late_s) & (edges_s[:-1] < offset_s + late_s)
        smooth[is_in, draws.choice([index] * 5 + [0])] += share * (1 - noise)
    return FrameScores(smooth if n_levels is None else np.rint(smooth * n_levels) / n_levels, edges_s)
