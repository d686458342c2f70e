"""Skipped clips are counted and named, and a class never disappears."""

from __future__ import annotations

import pytest

from panns.data.clips.clip import Clip, TimedLabel
from panns.data.clips.skipped import SkippedClip, describe_skipped, select_remaining
from panns.errors import DataError

CLIPS = [Clip("a.wav", ("dog",)), Clip("b.wav", ("dog", "rain")), Clip("c.wav", ("rain",)), Clip("d.wav")]


@pytest.mark.parametrize(("skipped", "remaining"), [((), [0, 1, 2, 3]), ((1,), [0, 2, 3]), ((3, 0), [1, 2])])
def test_the_others_remain(skipped, remaining):
    assert select_remaining(CLIPS, skipped, where="clips.csv").tolist() == remaining


@pytest.mark.parametrize(
    ("skipped", "words"), [((0, 1, 2, 3), "none of 4 clips"), ((0, 1), "no clip of dog"), ((0, 1, 2), "dog, rain")]
)
def test_an_emptied_class_is_refused(skipped, words):
    with pytest.raises(DataError, match=rf"clips\.csv: .*{words}"):
        select_remaining(CLIPS, skipped, where="clips.csv")


def test_classes_of_events_count_too():
    clips = [Clip("a.wav", events=(TimedLabel("dog", 0, 1),)), Clip("b.wav")]
    with pytest.raises(DataError, match="no clip of dog"):
        select_remaining(clips, [0], where="clips.csv")


def test_the_first_few_are_named():
    assert describe_skipped([f"{i}.wav" for i in range(5)], 1000).endswith(": 0.wav, 1.wav, 2.wav and 2 more")
    assert SkippedClip(3, "a.wav", "is text").to_dict() == {"file": "a.wav", "error": "is text"}
