import math

import numpy as np
import pytest

from panns.metrics import (
    PSDS1,
    PSDS2,
    FrameScores,
    IntersectionSettings,
    PsdsSettings,
    best_f1,
    intersection_based_curves,
    psds,
)
from tests.metrics.detection.cases import random_case


def one_clip(*columns, hop_s=1.0):
    return [FrameScores.from_hop(np.array(columns, dtype=float).T, hop_s=hop_s)]


def test_dcase_settings():
    assert (PSDS1.intersection, PSDS1.alpha_ct) == (IntersectionSettings(0.7, 0.7, None), 0.0)
    assert (PSDS2.intersection, PSDS2.alpha_ct) == (IntersectionSettings(0.1, 0.1, 0.3), 0.5)
    assert {(one.alpha_st, one.max_fp_per_hour) for one in (PSDS1, PSDS2)} == {(1.0, 100.0)}


def test_area_with_one_free_event_and_one_false_alarm():
    scores = one_clip([0, 9, 0, 7, 0, 5, 0])
    result = psds([[(0, 1, 2), (0, 5, 6)]], scores, [72.0])  # one false alarm is 50 an hour
    assert result.fp_per_hour.tolist() == [0, 50]
    assert result.found.tolist() == [0.5, 1.0]
    assert result.value == result.per_class[0] == 0.75


def test_penalty_for_variation_between_classes():
    scores = one_clip([9, 0, 0], [0, 0, 9])  # the second class needs a false alarm
    truth = [[(0, 0, 1), (1, 0, 1)]]
    result = psds(truth, scores, [10.0])
    assert result.per_class.tolist() == [1, 0]
    assert result.value == 0  # mean 1/2 minus standard deviation 1/2
    assert psds(truth, scores, [10.0], settings=PsdsSettings(PSDS1.intersection, alpha_st=0)).value == 0.5


def test_cross_trigger_costs_more_than_other_false_alarms():
    settings = PsdsSettings(PSDS2.intersection, alpha_ct=1.0, max_fp_per_hour=10_000)
    truth, silence = [[(0, 0, 1), (1, 2, 3)]], [0] * 20
    elsewhere = psds(truth, one_clip([8, 0, 0, 0, 9, *silence], [0, 0, 9, 0, 0, *silence]), [3600.0], settings=settings)
    crossed = psds(truth, one_clip([8, 0, 9, 0, 0, *silence], [0, 0, 9, 0, 0, *silence]), [3600.0], settings=settings)
    assert elsewhere.per_class[0] == pytest.approx(1 - 1 / 10_000)
    assert crossed.per_class[0] == pytest.approx(1 - (1 + 3600) / 10_000)


def test_score_is_0_without_a_found_event():
    truth, scores = [[(0, 0, 10)]], one_clip([1, 2])  # the detection is right, but covers too little
    assert psds(truth, scores, [10.0]).value == 0
    curves = intersection_based_curves(truth, scores, settings=PSDS1.intersection)
    assert curves[0].thresholds.tolist() == best_f1(curves).thresholds.tolist() == [math.inf]


def test_psds_depends_only_on_the_order_of_scores():
    for seed in range(10):
        case = random_case(seed)
        moved = [FrameScores(3 * clip.scores - 7, clip.edges_s) for clip in case.scores]
        value = psds(case.truth, case.scores, case.durations_s).value
        assert psds(case.truth, moved, case.durations_s).value == value


@pytest.mark.parametrize("settings", [PSDS1, PSDS2])
def test_class_without_events_does_not_count(settings):
    for seed in range(10):
        case = random_case(seed)
        wider = [FrameScores(np.c_[clip.scores, clip.scores[:, 0]], clip.edges_s) for clip in case.scores]
        without = psds(case.truth, case.scores, case.durations_s, settings=settings)
        result = psds(case.truth, wider, case.durations_s, settings=settings)
        assert result.value == without.value
        assert math.isnan(result.per_class[-1])
        assert result.per_class[:-1].tolist() == without.per_class.tolist()


def test_single_class_has_no_cross_triggers():
    assert psds([[(0, 0, 1)]], one_clip([9, 0]), [2.0], settings=PSDS2).value == 1


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"truth": [[]]}, "0 events"),
        ({"truth": []}, "ground truth of 0 clips"),
        ({"truth": [[(0, 0, 1)], []], "durations_s": [2.0, 2.0]}, "frame scores of 1"),
        ({"durations_s": [2.0, 2.0]}, "durations of 2"),
        ({"durations_s": [0.0]}, "clip 0 lasts 0 s"),
        ({"durations_s": [math.nan]}, "clip 0 lasts nan s"),
        ({"truth": [[(1, 0, 1)]]}, "an event of class 1"),
    ],
)
def test_invalid_input_is_refused(change, words):
    given = {"truth": [[(0, 0, 1)]], "scores": one_clip([9, 0]), "durations_s": [2.0]} | change
    with pytest.raises(ValueError, match=words):
        psds(**given)


def test_different_numbers_of_classes_are_refused():
    scores = one_clip([9, 0]) + one_clip([9, 0], [0, 0])
    with pytest.raises(ValueError, match="scores of 1 and 2 classes"):
        psds([[(0, 0, 1)], []], scores, [2.0, 2.0])


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"alpha_ct": 0.5}, "alpha_ct=.* cttc="),
        ({"intersection": IntersectionSettings(0.1, 0.1, 0.3)}, "alpha_ct=.* cttc="),
        ({"alpha_st": -1.0}, r"alpha_st=-1\.0"),
        ({"alpha_ct": math.nan}, "alpha_ct=nan"),
        ({"max_fp_per_hour": 0.0}, r"max_fp_per_hour=0\.0"),
    ],
)
def test_invalid_settings_are_refused(options, words):
    with pytest.raises(ValueError, match=words):
        PsdsSettings(**({"intersection": IntersectionSettings()} | options))
