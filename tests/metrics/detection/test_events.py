import math

import numpy as np
import pytest

from panns.metrics import collar_based

WHAT = "the ground truth of clip 1"


@pytest.mark.parametrize(
    ("event", "words"),
    [
        ((0, 1.0), f"{WHAT} must be .class index, onset_s, offset_s"),
        (("dog", 0.0, 1.0), f"{WHAT} must be .class index, onset_s, offset_s"),
        ((2, 0.0, 1.0), f"{WHAT} has an event of class 2; with 2 classes it must be a whole number from 0 to 1"),
        ((-1, 0.0, 1.0), "class -1"),
        ((0.5, 0.0, 1.0), "class 0.5"),
        ((math.nan, 0.0, 1.0), "class nan"),
        ((0, 1.0, 1.0), f"{WHAT} has an event from 1 s to 1 s; an event starts at 0 s or later and ends after"),
        ((0, -0.1, 1.0), "from -0.1 s to 1 s"),
        ((0, 0.0, math.inf), "from 0 s to inf s"),
        ((0, math.nan, 1.0), "from nan s to 1 s"),
    ],
)
def test_refused_events(event, words):
    with pytest.raises(ValueError, match=words):
        collar_based([[], [event]], [[], []], n_classes=2)


def test_refused_clips():
    with pytest.raises(ValueError, match="ground truth of 2 clips and detected events of 1 are given"):
        collar_based([[], []], [[]], n_classes=1)
    with pytest.raises(ValueError, match="n_classes=0 must be at least 1"):
        collar_based([[]], [[]], n_classes=0)


def test_an_array_of_events_is_as_good_as_tuples():
    events = [np.array([[0, 1.0, 2.0], [1, 0.5, 3.0]])]
    assert collar_based(events, [[(0, 1.0, 2.0), (1, 0.5, 3.0)]], n_classes=2).micro().f1 == 1
