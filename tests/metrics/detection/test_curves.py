"""Counts at every threshold are those of the events detected there."""

import math

import numpy as np
import pytest

from panns.metrics import (
    IntersectionSettings,
    best_f1,
    collar_based,
    collar_based_curves,
    intersection_based,
    intersection_based_curves,
)
from tests.metrics.detection.cases import random_case


def just_below(curve):
    """One threshold inside every step."""
    ends = np.append(curve.thresholds, -np.inf)
    return [math.inf, *np.where(np.isinf(ends[2:]), ends[1:-1] - 1, (ends[1:-1] + ends[2:]) / 2)]


@pytest.mark.parametrize("seed", range(12))
def test_steps_equal_counts_at_that_threshold(seed):
    case = random_case(seed)
    settings = IntersectionSettings(case.dtc, case.gtc, case.cttc)
    of_collar = collar_based_curves(case.truth, case.scores)
    of_overlap = intersection_based_curves(case.truth, case.scores, settings=settings)
    for index in range(case.n_classes):
        for is_overlap, curve in enumerate((of_collar[index], of_overlap[index])):
            for step, threshold in list(enumerate(just_below(curve)))[::7]:
                thresholds = np.full(case.n_classes, math.inf)
                thresholds[index] = threshold
                detected = [clip.events(thresholds) for clip in case.scores]
                counts = collar_based(case.truth, detected, n_classes=case.n_classes)
                if is_overlap:
                    both = intersection_based(case.truth, detected, n_classes=case.n_classes, settings=settings)
                    counts = both.decisions
                    assert both.cross_triggers[index].tolist() == curve.cross_triggers[step].tolist()
                assert counts.true_positives[index] == curve.true_positives[step]
                assert counts.false_positives[index] == curve.false_positives[step]
                assert counts.support[index] == curve.n_events


@pytest.mark.parametrize("seed", range(12))
def test_best_thresholds_have_the_highest_f1(seed):
    case = random_case(seed)
    best = best_f1(collar_based_curves(case.truth, case.scores))
    detected = [clip.events(best.thresholds) for clip in case.scores]
    counts = collar_based(case.truth, detected, n_classes=case.n_classes)
    np.testing.assert_array_equal(counts.f1, best.counts.f1)


def test_best_threshold_without_events_is_nan():
    case = next(case for case in map(random_case, range(99)) if case.n_classes > 1)
    truth = [[event for event in events if event[0] == 0] for events in case.truth]
    best = best_f1(collar_based_curves(truth, case.scores))
    assert not math.isnan(best.thresholds[0])
    assert np.isnan(best.thresholds[1:]).all()


def test_empty_curves_are_refused():
    with pytest.raises(ValueError, match="0 curves"):
        best_f1([])
