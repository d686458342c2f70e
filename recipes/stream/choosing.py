"""Thresholds and filter of a way to find events, chosen on soundscapes of the training folds.

A category has few events there, so its own best threshold may be a chance. How far it is to stand by the one that is
best for all is chosen too: by how well thresholds from soundscapes of three folds do on those of the fourth, which are
other recordings (all but three).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from panns.evaluation.detection_measures import COLLAR, FrameProbs, merge_events
from panns.events import EventConfig
from panns.events.median import median_filter
from panns.metrics import ClipEvents, collar_based
from recipes.stream.systems import Heard

Counts = npt.NDArray[np.int64]
Rates = npt.NDArray[np.float64]

MEDIANS_S = (0.0, 0.2, 0.5, 0.8)
GAPS_S = (0.25, 0.5)
# What part of a threshold's worth is how well it does for all categories.
COMMON_SHARES = (0.0, 0.5, 0.8, 1.0)
THRESHOLDS = 1 / (1 + np.exp(-np.linspace(-6.0, 3.0, 19)))


@dataclass(frozen=True)
class Chosen:
    """What was chosen for a system.

    Attributes:
        thresholds: For each category.
        median_s: Of the filter.
        min_gap_s: What sounds again sooner has not ended.
        common_share: How much of a threshold's worth was how well it does for all categories.
        f1: Mean over categories, of thresholds on folds that did not choose them; the best of all that was tried.
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


def choose(folds: Sequence[Heard], n_categories: int) -> Chosen:
    """The filter, and how far thresholds stand together, with the highest mean F1 on folds that chose none.

    Args:
        folds: What was heard in soundscapes of each.
        n_categories: How many categories there are.
    """
    truths, best = [joined(heard) for heard in folds], None
    for median_s in MEDIANS_S:
        # Once, not for every threshold.
        smooth = [[smoothed(one, median_s) for one in heard.frames] for heard in folds]
        for min_gap_s in GAPS_S:
            config = EventConfig(min_gap_s=min_gap_s)
            counts = np.stack([counted(*one, config, n_categories) for one in zip(truths, smooth, strict=True)])
            for share in COMMON_SHARES:
                left_out = sum(
                    counts[fold][best_threshold_rows(counts.sum(axis=0) - counts[fold], share), range(n_categories)]
                    for fold in range(len(folds))
                )
                mean = mean_f1(np.asarray(left_out))
                if best is None or mean > best.f1:
                    thresholds = THRESHOLDS[best_threshold_rows(counts.sum(axis=0), share)].tolist()
                    best = Chosen(thresholds, median_s, min_gap_s, share, mean)
    assert best is not None
    return best


def joined(heard: Heard) -> list[ClipEvents]:
    """What was there, events of one category that overlap made one."""
    return [merge_events(events, one.duration_s) for events, one in zip(heard.truth, heard.frames, strict=True)]


def smoothed(heard: FrameProbs, median_s: float) -> FrameProbs:
    """Frames behind the median filter that events are made with."""
    hop_s = float(heard.onsets_s[1] - heard.onsets_s[0])
    half = EventConfig(median_s=median_s).n_median(hop_s) // 2
    return FrameProbs(median_filter(heard.probs, 0, 0, half), heard.onsets_s, heard.duration_s)


def counted(truth: Sequence[ClipEvents], heard: Sequence[FrameProbs], config: EventConfig, n_categories: int) -> Counts:
    """Right, false and missed events, `(thresholds, categories, 3)`."""
    counts = []
    for threshold in THRESHOLDS:
        detected = [one.events(np.full(n_categories, threshold), config) for one in heard]
        found = collar_based(truth, detected, n_classes=n_categories, settings=COLLAR)
        counts.append(np.stack([found.true_positives, found.false_positives, found.false_negatives], axis=1))
    return np.stack(counts)


def best_threshold_rows(counts: Counts, common_share: float) -> npt.NDArray[np.intp]:
    """Which threshold is worth most for every category, of counts `(thresholds, categories, 3)`."""
    own = f1_of(counts)
    worth = common_share * own.mean(axis=1, keepdims=True) + (1 - common_share) * own
    return np.array([_best(column) for column in worth.T])


def _best(worth: Rates) -> int:
    """Where it is highest: in the middle of the last equals beside each other; at the end where it is nothing."""
    if not worth.max() > 0:
        return len(worth) - 1
    equals = np.flatnonzero(worth >= worth.max() - 1e-9)
    together = np.split(equals, np.flatnonzero(np.diff(equals) > 1) + 1)[-1]
    return int(together[len(together) // 2])


def f1_of(counts: Counts) -> Rates:
    """Of counts `(..., 3)`; 0 where there is nothing to be right or wrong about."""
    right, false, missed = np.moveaxis(counts, -1, 0)
    f1: Rates = 2 * right / np.maximum(2 * right + false + missed, 1)
    return f1


def mean_f1(counts: Counts) -> float:
    """Over the categories that there are events of, of counts `(categories, 3)`."""
    is_there = counts[:, 0] + counts[:, 2] > 0
    return float(f1_of(counts)[is_there].mean())
