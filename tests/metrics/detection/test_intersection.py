import math

import pytest

from panns.metrics import IntersectionSettings, intersection_based


def counts_of(true, found, **shares):
    settings = IntersectionSettings(**shares)
    decisions = intersection_based([true], [found], n_classes=2, settings=settings).decisions
    return decisions.true_positives[0], decisions.false_positives[0], decisions.false_negatives[0]


def test_a_detection_in_two_pieces_finds_an_event_once():
    assert counts_of([(0, 0, 10)], [(0, 0, 4), (0, 5, 9)]) == (1, 0, 0)


def test_one_detection_can_find_two_events():
    assert counts_of([(0, 0, 4), (0, 5, 9)], [(0, 0, 9)]) == (2, 0, 0)


def test_a_detection_that_lies_mostly_elsewhere_is_wrong_and_finds_nothing():
    assert counts_of([(0, 0, 1)], [(0, 0, 2.1)]) == (0, 1, 1)
    assert counts_of([(0, 0, 1)], [(0, 0, 2)]) == (1, 0, 0)  # exactly half is enough


def test_too_little_of_an_event_is_covered():
    assert counts_of([(0, 0, 10)], [(0, 0, 4.9)]) == (0, 0, 1)
    assert counts_of([(0, 0, 10)], [(0, 0, 4.9)], gtc=0.4) == (1, 0, 0)


def test_shares_are_compared_to_the_microsecond():
    assert counts_of([(0, 0.1, 0.8)], [(0, 0.1, 1.1)], dtc=0.7) == (1, 0, 0)  # 0.8 - 0.1 is less than 0.7 * 1.0


def test_cross_triggers_are_wrong_detections_on_another_class():
    truth, found = [[(1, 0, 1), (0, 5, 6)]], [[(0, 0, 1), (0, 5, 6), (0, 8, 9)]]
    settings = IntersectionSettings(cttc=0.3)
    assert intersection_based(truth, found, n_classes=2, settings=settings).cross_triggers.tolist() == [[0, 1], [0, 0]]
    assert not intersection_based(truth, found, n_classes=2).cross_triggers.any()


@pytest.mark.parametrize("name", ["dtc", "gtc", "cttc"])
@pytest.mark.parametrize("share", [0.0, 1.1, math.nan])
def test_refused_settings(name, share):
    with pytest.raises(ValueError, match=f"{name}=.* must be a share above 0 and up to 1"):
        IntersectionSettings(**{name: share})
