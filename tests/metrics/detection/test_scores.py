import math

import numpy as np
import pytest

from panns.metrics import FrameScores


def test_event_is_a_run_of_frames_above_the_threshold():
    clip = FrameScores(np.array([[0.5], [0.6], [0.7], [0.5], [0.9]]), np.array([0.0, 0.1, 0.3, 0.6, 1.0, 1.5]))
    assert clip.events([0.5]) == [(0, 0.1, 0.6), (0, 1.0, 1.5)]
    assert clip.events([0.4]) == [(0, 0.0, 1.5)]
    assert clip.events([math.inf]) == []


def test_frames_may_start_late():
    assert FrameScores.from_hop(np.zeros((2, 1)), 0.5, offset_s=0.25).edges_s.tolist() == [0.25, 0.75, 1.25]


@pytest.mark.parametrize(
    ("scores", "edges_s", "words"),
    [
        (np.zeros(3), np.arange(4.0), r"shape \(3,\); \(frames, classes\)"),
        (np.zeros((0, 2)), np.arange(1.0), r"shape \(0, 2\)"),
        (np.full((1, 1), math.nan), np.arange(2.0), "not finite"),
        (np.zeros((2, 1)), np.arange(2.0), "2 frames have 3 edges"),
        (np.zeros((2, 1)), np.array([0.0, 1.0, 1.0]), "rise from frame to frame"),
        (np.zeros((2, 1)), np.array([-1.0, 0.0, 1.0]), "start at 0 or later"),
    ],
)
def test_invalid_scores_are_refused(scores, edges_s, words):
    with pytest.raises(ValueError, match=words):
        FrameScores(scores, edges_s)


@pytest.mark.parametrize("hop_s", [0.0, -1.0, math.nan])
def test_invalid_hop_is_refused(hop_s):
    with pytest.raises(ValueError, match="hop_s="):
        FrameScores.from_hop(np.zeros((2, 1)), hop_s)


@pytest.mark.parametrize("thresholds", [[0.5], [0.5, math.nan], 0.5])
def test_invalid_thresholds_are_refused(thresholds):
    with pytest.raises(ValueError, match="2 classes"):
        FrameScores.from_hop(np.zeros((2, 2)), 1.0).events(thresholds)
