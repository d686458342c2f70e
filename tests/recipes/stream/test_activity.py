"""Activity of speech and music: frames, thresholds and F1."""

from __future__ import annotations

import numpy as np
import pytest

from panns.evaluation import FrameProbs
from recipes.stream.activity import choose, f1, frames_above, frames_of, kind_of, measure
from recipes.stream.systems import ScoredSoundscapes


def scores(speech, hop_s=0.08):
    probs = np.zeros((len(speech), 3), np.float32)
    probs[:, 0] = speech
    return FrameProbs(probs, np.arange(len(speech)) * hop_s, len(speech) * hop_s)


def test_frames_of_40_ms_take_the_score_at_their_centre():
    assert frames_above(scores([0.2, 0.9]), 0, 0.5).tolist() == [False, False, True, True]
    assert frames_of([(0.05, 0.1), (0.17, 0.2)], 0.2).tolist() == [False, True, False, False, True]


def test_the_threshold_separates_speech_from_the_rest():
    truth = [[(0, 0.16, 0.32), (2, 0.0, 0.1)]]
    scored = ScoredSoundscapes(truth, [scores([0.1, 0.3, 0.6, 0.7])])
    median_s, threshold = choose(scored, 0)
    assert median_s == 0
    assert 0.3 < threshold <= 0.6
    detected = [[frames_above(one, index, threshold) for one in scored.frames] for index in range(2)]
    assert measure(scored, detected) == {"Speech": 1.0, "Music": 0.0}


def test_f1_counts_all_frames_of_all_sounds():
    truth = [np.array([True, True]), np.array([False, True])]
    detected = [np.array([True, False]), np.array([True, True])]
    assert f1(truth, detected) == pytest.approx(2 * 2 / (3 + 3))


def test_sounds_that_may_be_either_are_left_out():
    assert [kind_of(labels) for labels in (("Music", "Piano"), ("Speech", "Music"), ("Singing",), ("Rain",))] == [
        "Music",
        None,
        None,
        "other",
    ]
