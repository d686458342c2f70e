"""Choice of thresholds and filter of a detection system, on soundscapes of the training folds.

A category has few events there, so its own best threshold may be chance. Therefore the choice shrinks it towards the
best threshold for all categories. The amount of shrinkage is the one with the best F1 when thresholds from three folds
are tested on the fourth, which has other recordings (all but three).
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
from recipes.stream.systems import ScoredSoundscapes

Counts = npt.NDArray[np.int64]
Rates = npt.NDArray[np.float64]

MEDIANS_S = (0.0, 0.2, 0.5, 0.8)
GAPS_S = (0.25, 0.5)
# Weights of the F1 over all categories in the value of a threshold.
COMMON_SHARES = (0.0, 0.5, 0.8, 1.0)
THRESHOLDS = 1 / (1 + np.exp(-np.linspace(-6.0, 3.0, 19)))


@dataclass(frozen=True)
class Chosen:
    """Chosen settings of a system.

    Attributes:
        thresholds: Threshold of every category.
        median_s: Length of the median filter.
        min_gap_s: Minimum gap between events.
        common_share: Weight of the F1 over all categories in the value of a threshold.
        f1: Mean F1 over categories on the left-out folds; the best of all tried settings.
    """

    thresholds: list[float]
    median_s: float
    min_gap_s: float
    common_share: float
    f1: float

    @property
    def config(self) -> EventConfig:
        """Event settings."""
        return EventConfig(median_s=self.median_s, min_gap_s=self.min_gap_s)


def choose(folds: Sequence[ScoredSoundscapes], n_categories: int) -> Chosen:
    """Choose filter, gap and shrinkage with the highest mean F1 on left-out folds, then thresholds on all folds.

    Args:
        folds: Frame scores of the soundscapes of every fold.
        n_categories: Number of categories.
    """
    truths, best = [merge_truth(scored) for scored in folds], None
    for median_s in MEDIANS_S:
        # Filter once, not for every threshold.
        filtered = [[smooth(one, median_s) for one in scored.frames] for scored in folds]
        for min_gap_s in GAPS_S:
            config = EventConfig(min_gap_s=min_gap_s)
            counts = np.stack([count_events(*one, config, n_categories) for one in zip(truths, filtered, strict=True)])
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


def merge_truth(scored: ScoredSoundscapes) -> list[ClipEvents]:
    """True events of soundscapes, with overlapping events of a category merged."""
    return [merge_events(events, one.duration_s) for events, one in zip(scored.truth, scored.frames, strict=True)]


def smooth(probs: FrameProbs, median_s: float) -> FrameProbs:
    """Apply the median filter of the event settings to frame probabilities."""
    hop_s = float(probs.onsets_s[1] - probs.onsets_s[0])
    half = EventConfig(median_s=median_s).n_median(hop_s) // 2
    return FrameProbs(median_filter(probs.probs, 0, 0, half), probs.onsets_s, probs.duration_s)


def count_events(
    truth: Sequence[ClipEvents], frames: Sequence[FrameProbs], config: EventConfig, n_categories: int
) -> Counts:
    """Count right, false and missed events, `(thresholds, categories, 3)`."""
    counts = []
    for threshold in THRESHOLDS:
        detected = [one.events(np.full(n_categories, threshold), config) for one in frames]
        found = collar_based(truth, detected, n_classes=n_categories, settings=COLLAR)
        counts.append(np.stack([found.true_positives, found.false_positives, found.false_negatives], axis=1))
    return np.stack(counts)


def best_threshold_rows(counts: Counts, common_share: float) -> npt.NDArray[np.intp]:
    """Row of the most valuable threshold of every category, from counts `(thresholds, categories, 3)`."""
    own = compute_f1(counts)
    value = common_share * own.mean(axis=1, keepdims=True) + (1 - common_share) * own
    return np.array([_best(column) for column in value.T])


def _best(value: Rates) -> int:
    """Row of the maximum: the middle of the last run of maxima, or the last row if all values are 0."""
    if not value.max() > 0:
        return len(value) - 1
    equals = np.flatnonzero(value >= value.max() - 1e-9)
    run = np.split(equals, np.flatnonzero(np.diff(equals) > 1) + 1)[-1]
    return int(run[len(run) // 2])


def compute_f1(counts: Counts) -> Rates:
    """F1 of counts `(..., 3)`; 0 without events and detections."""
    right, false, missed = np.moveaxis(counts, -1, 0)
    f1: Rates = 2 * right / np.maximum(2 * right + false + missed, 1)
    return f1


def mean_f1(counts: Counts) -> float:
    """Mean F1 over the categories with events, from counts `(categories, 3)`."""
    is_there = counts[:, 0] + counts[:, 2] > 0
    return float(compute_f1(counts)[is_there].mean())
