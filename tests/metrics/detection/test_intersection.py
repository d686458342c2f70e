import math

import pytest

from panns.metrics import IntersectionSettings, intersection_based


def count(true, found, **shares):
    settings = IntersectionSettings(**shares)
    decisions = intersection_based([true], [found], n_classes=2, settings=settings).decisions
    return decisions.true_positives[0], decisions.false_positives[0], decisions.false_negatives[0]


def test_two_detections_find_one_event():
    assert count([(0, 0, 10)], [(0, 0, 4), (0, 5, 9)]) == (1, 0, 0)


def test_one_detection_can_find_two_events():
    assert count([(0, 0, 4), (0, 5, 9)], [(0, 0, 9)]) == (2, 0, 0)


def test_detection_mostly_outside_events_is_wrong():
    assert count([(0, 0, 1)], [(0, 0, 2.1)]) == (0, 1, 1)
    assert count([(0, 0, 1)], [(0, 0, 2)]) == (1, 0, 0)  # exactly half is enough


def test_event_with_too_little_coverage_is_missed():
    assert count([(0, 0, 10)], [(0, 0, 4.9)]) == (0, 0, 1)
    assert count([(0, 0, 10)], [(0, 0, 4.9)], gtc=0.4) == (1, 0, 0)


def test_shares_are_compared_to_the_microsecond():
    assert count([(0, 0.1, 0.8)], [(0, 0.1, 1.1)], dtc=0.7) == (1, 0, 0)  # 0.8 - 0.1 is less than 0.7 * 1.0


def test_cross_triggers():
    truth, found = [[(1, 0, 1), (0, 5, 6)]], [[(0, 0, 1), (0, 5, 6), (0, 8, 9)]]
    settings = IntersectionSettings(cttc=0.3)
    assert intersection_based(truth, found, n_classes=2, settings=settings).cross_triggers.tolist() == [[0, 1], [0, 0]]
    assert not intersection_based(truth, found, n_classes=2).cross_triggers.any()


@pytest.mark.parametrize("name", ["dtc", "gtc", "cttc"])
@pytest.mark.parametrize("share", [0.0, 1.1, math.nan])
def test_invalid_settings_are_refused(name, share):
    with pytest.raises(ValueError, match=f"{name}={share}"):
        IntersectionSettings(**{name: share})
