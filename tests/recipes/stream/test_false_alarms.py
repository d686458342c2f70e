"""Thresholds for a rate of false alarms, counted by hand."""

from __future__ import annotations

import numpy as np

from panns.evaluation.detection_measures import FrameProbs
from panns.events import EventConfig
from recipes.stream.false_alarms import FalseAlarms

CONFIG = EventConfig(release=1.0, min_gap_s=0.0, min_duration_s=0.0)


def soundscape(*columns, hop_s=90.0):
    probs = np.array(columns, np.float32).T
    return FrameProbs(probs, np.arange(len(probs)) * hop_s, len(probs) * hop_s)


def test_thresholds_keep_the_rate():
    alarms = FalseAlarms(3, [0.2, 0.4, 0.6, 0.8], CONFIG)
    # An hour: of class 0 there are three peaks, one on an event; class 1 is silent; class 2 always loud.
    first = [0.0] * 40
    first[3], first[10], first[20] = 0.9, 0.5, 0.3
    alarms.add(soundscape(first, [0.0] * 40, [0.99] * 40), [(0, 250.0, 300.0)])
    assert alarms.duration_s == 3600
    np.testing.assert_array_equal(alarms.per_hour(), [[2, 0, 1], [1, 0, 1], [0, 0, 1], [0, 0, 1]])
    np.testing.assert_allclose(alarms.thresholds(0.5), [0.6, 0.2, 1.0])
    np.testing.assert_allclose(alarms.thresholds(1.0), [0.4, 0.2, 0.2])
    np.testing.assert_allclose(alarms.thresholds(2.0), [0.2, 0.2, 0.2])


def test_sounds_add_up_to_one_rate():
    alarms = FalseAlarms(1, [0.5], CONFIG)
    alarms.add(soundscape([0.0, 0.9, 0.0, 0.9]), [])
    alarms.add(soundscape([0.0] * 36), [])
    np.testing.assert_allclose(alarms.per_hour(), [[2.0]])


def test_threshold_and_all_higher_ones_keep_the_rate():
    """A low threshold joins two false alarms to one, which makes it no better than those above it."""
    alarms = FalseAlarms(1, [0.2, 0.5, 0.8], CONFIG)
    alarms.add(soundscape([0.0, 0.6, 0.3, 0.6, *[0.0] * 36]), [])
    np.testing.assert_array_equal(alarms.per_hour()[:, 0], [1, 2, 0])
    np.testing.assert_allclose(alarms.thresholds(1.0), [0.8])
