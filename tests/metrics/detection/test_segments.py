import math

import pytest

from panns.metrics import segment_based


def test_segment_is_active_if_an_event_touches_it():
    counts = segment_based([[(0, 0.5, 2.5)]], [[(0, 1.0, 2.0)]], [4.0], n_classes=1)
    assert counts.decisions.true_positives.tolist() == [1]
    assert counts.decisions.false_negatives.tolist() == [2]
    assert (counts.n_substitutions, counts.n_deletions, counts.n_insertions) == (0, 2, 0)


def test_errors_of_a_segment_pair_up_as_substitutions():
    truth, detected = [[(0, 0, 1), (1, 0, 1)]], [[(2, 0, 1)]]
    counts = segment_based(truth, detected, [1.0], n_classes=3)
    assert (counts.n_substitutions, counts.n_deletions, counts.n_insertions) == (1, 1, 0)
    assert counts.error_rate == 1.0
    assert counts.class_error_rates.tolist()[:2] == [1, 1]
    assert math.isnan(counts.class_error_rates[2])


def test_time_after_the_end_does_not_count():
    counts = segment_based([[(0, 0, 9)]], [[(0, 0, 2), (0, 5, 7)]], [2.5], n_classes=1)
    assert (counts.decisions.true_positives[0], counts.decisions.false_negatives[0]) == (2, 1)


def test_boundaries_are_rounded_to_the_microsecond():
    counts = segment_based([[(0, 0.6, 0.7)]], [[(0, 0.6, 0.7)]], [1.0], n_classes=1, segment_s=0.1)
    assert counts.decisions.support[0] == 1


def test_error_rate_of_silence_is_nan():
    assert math.isnan(segment_based([[]], [[(0, 0, 1)]], [1.0], n_classes=1).error_rate)


@pytest.mark.parametrize("segment_s", [0.0, -1.0, math.nan, math.inf])
def test_invalid_segment_length_is_refused(segment_s):
    with pytest.raises(ValueError, match="segment_s="):
        segment_based([[]], [[]], [1.0], n_classes=1, segment_s=segment_s)
