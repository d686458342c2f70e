import math

import numpy as np
import pytest

from panns.metrics import collar_based

WHAT = "the ground truth of clip 1"


@pytest.mark.parametrize(
    ("event", "words"),
    [
        ((0, 1.0), f"{WHAT} must be numbers .class index"),
        (("dog", 0.0, 1.0), f"{WHAT} must be numbers .class index"),
        ((2, 0.0, 1.0), f"{WHAT} has an event of class 2"),
        ((-1, 0.0, 1.0), "class -1"),
        ((0.5, 0.0, 1.0), "class 0.5"),
        ((math.nan, 0.0, 1.0), "class nan"),
        ((0, 1.0, 1.0), f"{WHAT} has an event from 1 s to 1 s"),
        ((0, -0.1, 1.0), "from -0.1 s to 1 s"),
        ((0, 0.0, math.inf), "from 0 s to inf s"),
        ((0, math.nan, 1.0), "from nan s to 1 s"),
    ],
)
def test_invalid_events_are_refused(event, words):
    with pytest.raises(ValueError, match=words):
        collar_based([[], [event]], [[], []], n_classes=2)


def test_invalid_numbers_of_clips_are_refused():
    with pytest.raises(ValueError, match="2 clips and detected events of 1"):
        collar_based([[], []], [[]], n_classes=1)
    with pytest.raises(ValueError, match="n_classes=0"):
        collar_based([[]], [[]], n_classes=0)


def test_events_may_be_an_array():
    events = [np.array([[0, 1.0, 2.0], [1, 0.5, 3.0]])]
    assert collar_based(events, [[(0, 1.0, 2.0), (1, 0.5, 3.0)]], n_classes=2).micro().f1 == 1
