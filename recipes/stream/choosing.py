"""Thresholds and filter of a way to find events, chosen on soundscapes of the training folds.

A category has few events there, so its own best threshold may be a chance. How far it is to stand by the one that is
best for all is chosen too: by how well thresholds from three quarters of the soundscapes do on the fourth.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from panns.evaluate.detection import COLLAR, HeardFrames, joined_events
from panns.events import EventConfig
from panns.events.median import median_of
from panns.metrics import ClipEvents, collar_based
from recipes.stream.systems import Heard

Counts = npt.NDArray[np.int64]
Rates = npt.NDArray[np.float64]

MEDIANS_S = (0.0, 0.2, 0.5, 0.8)
GAPS_S = (0.25, 0.5)
# What part of a threshold's worth is how well it does for all categories.
COMMON_SHARES = (0.0, 0.5, 0.8, 1.0)
THRESHOLDS = 1 / (1 + np.exp(-np.linspace(-6.0, 3.0, 19)))
N_PARTS = 4


@dataclass(frozen=True)
class Chosen:
    """What was chosen for a system.

    Attributes:
        thresholds: For each category.
        median_s: Of the filter.
        min_gap_s: What sounds again sooner has not ended.
        common_share: How much of a threshold's worth was how well it does for all categories.
        f1: Mean over categories, of thresholds on the quarter of soundscapes that they were not chosen on.
    """

    thresholds: list[float]
    median_s: float
    min_gap_s: float
    common_share: float
    f1: float

    @property
    def config(self) -> EventConfig:
        """What makes an event."""
        return EventConfig(median_s=self.median_s, min_gap_s=self.min_gap_s)


def choose(heard: Heard, n_categories: int) -> Chosen:
    """The filter, and how far thresholds stand together, with the highest mean F1 on soundscapes that chose none."""
    truth, best = joined(heard), None
    for median_s in MEDIANS_S:
        smooth = [smoothed(one, median_s) for one in heard.frames]  # once, not for every threshold
        for min_gap_s in GAPS_S:
            counts = counted(truth, smooth, EventConfig(min_gap_s=min_gap_s), n_categories)
            for share in COMMON_SHARES:
                left_out = sum(
                    counts[part][best_rows(counts.sum(axis=0) - counts[part], share), range(n_categories)]
                    for part in range(N_PARTS)
                )
                mean = mean_f1(np.asarray(left_out))
                if best is None or mean > best.f1:
                    thresholds = THRESHOLDS[best_rows(counts.sum(axis=0), share)].tolist()
                    best = Chosen(thresholds, median_s, min_gap_s, share, mean)
    assert best is not None
    return best


def joined(heard: Heard) -> list[ClipEvents]:
    """What was there, events of one category that overlap made one."""
    return [joined_events(events, one.duration_s) for events, one in zip(heard.truth, heard.frames, strict=True)]


def smoothed(heard: HeardFrames, median_s: float) -> HeardFrames:
    """Frames behind the median filter that events are made with."""
    hop_s = float(heard.onsets_s[1] - heard.onsets_s[0])
    half = EventConfig(median_s=median_s).n_median(hop_s) // 2
    return HeardFrames(median_of(heard.probs, 0, 0, half), heard.onsets_s, heard.duration_s)


def counted(
    truth: Sequence[ClipEvents], heard: Sequence[HeardFrames], config: EventConfig, n_categories: int
) -> Counts:
    """Right, false and missed events, `(parts, thresholds, categories, 3)`; every `N_PARTS`-th soundscape is a part."""
    counts = np.zeros((N_PARTS, len(THRESHOLDS), n_categories, 3), np.int64)
    for part, row in itertools.product(range(N_PARTS), range(len(THRESHOLDS))):
        limits = np.full(n_categories, THRESHOLDS[row])
        detected = [one.events(limits, config) for one in heard[part::N_PARTS]]
        found = collar_based(truth[part::N_PARTS], detected, n_classes=n_categories, settings=COLLAR)
        counts[part, row] = np.stack([found.true_positives, found.false_positives, found.false_negatives], axis=1)
    return counts


def best_rows(counts: Counts, common_share: float) -> npt.NDArray[np.intp]:
    """Which threshold is worth most for every category, of counts `(thresholds, categories, 3)`."""
    own = f1_of(counts)
    worth = common_share * own.mean(axis=1, keepdims=True) + (1 - common_share) * own
    # Of equals the middle one, which is the farthest from where it gets worse.
    return np.array([int(np.median(np.flatnonzero(column >= column.max() - 1e-9))) for column in worth.T])


def f1_of(counts: Counts) -> Rates:
    """Of counts `(..., 3)`; 0 where there is nothing to be right or wrong about."""
    right, false, missed = np.moveaxis(counts, -1, 0)
    return 2 * right / np.maximum(2 * right + false + missed, 1)


def mean_f1(counts: Counts) -> float:
    """Over the categories that there are events of, of counts `(categories, 3)`."""
    is_there = counts[:, 0] + counts[:, 2] > 0
    return float(f1_of(counts)[is_there].mean())
