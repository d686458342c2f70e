import math

import pytest

from panns.metrics import CollarSettings, collar_based
from tests.metrics.detection.cases import random_case


def f1(true, found, **options):
    return collar_based([[(0, *true)]], [[(0, *found)]], n_classes=1, settings=CollarSettings(**options)).f1[0]


@pytest.mark.parametrize(
    ("found", "is_hit"),
    [
        ((0.8, 1.0), True),  # 0.8 - 0.6 is more than 0.2 in floating point
        ((0.4, 1.0), True),
        ((0.81, 1.0), False),
        ((0.6, 1.2), True),
        ((0.6, 1.21), False),
    ],
)
def test_boundary_of_a_collar_is_inside(found, is_hit):
    assert f1((0.6, 1.0), found) == is_hit


def test_offset_tolerance_grows_with_event_length():
    assert f1((1.0, 11.0), (1.0, 9.0)) == 1
    assert f1((1.0, 11.0), (1.0, 8.99)) == 0
    assert f1((1.0, 11.0), (1.0, 9.0), offset_share=0.1) == 0
    assert f1((1.0, 11.0), (1.3, 11.0)) == 0
    assert f1((1.0, 11.0), (1.3, 11.0), onset_s=0.3) == 1
    assert f1((1.0, 11.0), (1.0, 2.0), offset_s=math.inf) == 1


def test_maximum_one_to_one_matching():
    truth = [[(0, 1.0, 2.0), (0, 1.3, 2.0)]]
    detected = [[(0, 1.15, 2.0), (0, 0.9, 2.0)]]  # a greedy match of the first pair would leave the second unmatched
    counts = collar_based(truth, detected, n_classes=1)
    assert (counts.true_positives[0], counts.false_positives[0], counts.false_negatives[0]) == (2, 0, 0)
    twice = collar_based([truth[0][:1]], [detected[0]], n_classes=1)
    assert (twice.true_positives[0], twice.false_positives[0]) == (1, 1)


def test_other_clip_or_class_does_not_match():
    truth = [[(0, 1.0, 2.0)], []]
    assert collar_based(truth, [[], [(0, 1.0, 2.0)]], n_classes=2).micro().f1 == 0
    assert collar_based(truth, [[(1, 1.0, 2.0)], []], n_classes=2).micro().f1 == 0
    assert collar_based(truth, truth, n_classes=2).f1.tolist() == [1, 0]


def test_result_is_independent_of_event_order():
    for seed in range(20):
        case = random_case(seed)
        counts = collar_based(case.truth, case.detected, n_classes=case.n_classes)
        truth, detected = ([events[::-1] for events in clips] for clips in (case.truth, case.detected))
        reversed_counts = collar_based(truth, detected, n_classes=case.n_classes)
        assert reversed_counts.true_positives.tolist() == counts.true_positives.tolist()


@pytest.mark.parametrize("name", ["onset_s", "offset_s", "offset_share"])
@pytest.mark.parametrize("value", [-0.1, math.nan])
def test_invalid_settings_are_refused(name, value):
    with pytest.raises(ValueError, match=f"{name}={value}"):
        CollarSettings(**{name: value})
