import numpy as np

from panns.data.clips.clip import Clip
from panns.training.split_warnings import describe_small_parts


def test_a_split_that_leaves_enough_needs_no_word():
    clips = [Clip(f"{k}.wav", ("dog", "cat")) for k in range(8)]
    assert describe_small_parts(clips, np.arange(5), np.arange(5, 8)) == []
    assert describe_small_parts(clips, np.arange(8), np.arange(0)) == []


def test_classes_with_little_are_named():
    clips = [Clip(f"{k}.wav", (f"class {k}",)) for k in range(8)]
    few, none = describe_small_parts(clips, np.arange(7), np.arange(7, 8))
    assert few.startswith("few clips to train on: class 0 (1), class 1 (1), ")
    assert "class 4 (1) and 3 more; add" in few
    assert none.startswith("no clip to validate on: class 0, class 1, class 2, class 3, class 4 and 2 more; add ")
