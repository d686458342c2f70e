"""Detection measures of sounds small enough to count by hand."""

from __future__ import annotations

import json

import numpy as np
import pytest

from panns import metrics
from panns.errors import DataError
from panns.evaluation import FrameProbs, measure_detection
from panns.evaluation.clip_scoring import Failure
from panns.evaluation.detection_measures import merge_events
from panns.events import EventConfig
from panns.labels import LabelSet

LABELS = tuple(LabelSet.from_names("pets", ["cat", "dog"]))


def frame_probs(*columns, hop_s=0.5):
    """Frame probabilities from strings of tenths, one string for each class."""
    probs = np.array([[int(tenths) / 10 for tenths in column] for column in columns], np.float32).T
    return FrameProbs(probs, np.arange(len(probs)) * hop_s, len(probs) * hop_s)


#   seconds  0 1 2 3 4 5 6 7 8 9
FIRST = (
    frame_probs(
        "00999900000000000000",  # cat, detected from 1 to 3
        "00000000888800007770",  # dog, detected from 4 to 6, and from 8 to 9.5
    ),
    [(0, 1.0, 3.0), (1, 4.1, 5.9)],
)
SECOND = (frame_probs("00000000009999990000", "0" * 20), [(0, 5.0, 6.0), (1, 1.0, 1.9)])  # cat, detected from 5 to 8


@pytest.fixture(scope="module")
def result():
    sounds, truth = zip(FIRST, SECOND, strict=True)
    return measure_detection(truth, sounds, LABELS, [0.5, 0.5])


def test_counts(result):
    assert (result.n_clips, result.duration_s, result.n_overlapping) == (2, 20.0, 0)
    assert result.n_events.tolist() == [2, 2]
    assert result.n_detected.tolist() == [2, 2]


def test_by_collars(result):
    # The first cat and dog start and end in time. The second cat ends 2 s late; one dog is a false alarm, one missed.
    assert result.collar.true_positives.tolist() == [1, 1]
    assert result.collar.false_positives.tolist() == [1, 1]
    assert result.collar.f1.tolist() == [0.5, 0.5]


def test_by_intersection(result):
    # A third of the second cat lies on an event, less than half.
    assert result.intersection.true_positives.tolist() == [1, 1]
    assert result.intersection.false_positives.tolist() == [1, 1]
    assert result.false_alarms_per_hour.tolist() == [180, 180]  # one in 20 s


def test_by_segments(result):
    # Cat is active in seconds 1, 2 and 5 and detected in 6 and 7 too; dog is active in 4, 5, 1, detected in 4, 5, 8, 9.
    decisions = result.segments.decisions
    assert decisions.true_positives.tolist() == [3, 2]
    assert decisions.false_positives.tolist() == [2, 2]
    assert decisions.false_negatives.tolist() == [0, 1]
    assert result.segments.error_rate == pytest.approx(5 / 6)
    assert result.macro_error_rate == pytest.approx((2 / 3 + 3 / 3) / 2)


def test_over_all_thresholds(result):
    # A limit of 100 false alarms an hour allows none in 20 s. One dog is found without a false alarm. Both runs of
    # "cat" score 0.9, so the true and the false one come together and no cat counts.
    assert result.psds1.per_class.tolist() == [0.0, 0.5]
    assert result.psds1.value == 0.0  # 0.25 on average, and a deviation of 0.25
    # PSDS2 needs only a tenth of a detection on events, so both cats are found. The second dog stays unfound even if
    # the whole sound is one detection, because it is less than a tenth of that.
    assert result.psds2.per_class.tolist() == [1.0, 0.5]
    assert result.psds2.value == pytest.approx(0.5)  # 0.75 less 0.25


def test_psds_equals_that_of_metrics(result):
    sounds, truth = zip(FIRST, SECOND, strict=True)
    scores = [one.to_frame_scores() for one in sounds]
    assert result.psds1.value == metrics.psds(truth, scores, [10.0, 10.0]).value
    assert result.psds2.value == metrics.psds(truth, scores, [10.0, 10.0], settings=metrics.PSDS2).value


def test_json(result):
    figures = json.loads(json.dumps(result.to_dict(), allow_nan=False))
    assert figures["task"] == "detect"
    assert (figures["n_clips"], figures["n_failed"], figures["n_classes"]) == (2, 0, 2)
    assert (figures["n_events"], figures["n_detected"], figures["duration_s"]) == (4, 4, 20.0)
    assert figures["false_alarms_per_hour"] == 360.0
    assert (figures["psds1"], figures["psds1_class_mean"], figures["psds2_class_mean"]) == (0.0, 0.25, 0.75)
    assert figures["collar_micro_f1"] == figures["intersection_macro_f1"] == 0.5
    assert figures["segment_micro_recall"] == pytest.approx(5 / 6)
    assert figures["segment_micro_error_rate"] == pytest.approx(5 / 6)
    assert figures["classes"][1] == {
        "label": "dog", "label_zh": "dog", "index": 1, "n_events": 2, "n_detected": 2, "psds1": 0.5, "psds2": 0.5,
        "collar_precision": 0.5, "collar_recall": 0.5, "collar_f1": 0.5,
        "intersection_precision": 0.5, "intersection_recall": 0.5, "intersection_f1": 0.5,
        "segment_precision": 0.5, "segment_recall": pytest.approx(2 / 3), "segment_f1": pytest.approx(4 / 7),
        "segment_error_rate": 1.0, "false_alarms_per_hour": 180.0, "threshold": 0.5,
    }  # fmt: skip


def test_thresholds_and_settings_change_detections():
    sound, truth = FIRST
    low, high = (measure_detection([truth], [sound], LABELS, limits) for limits in ([0.5, 0.5], [0.95, 0.75]))
    assert low.n_detected.tolist() == [1, 2]
    assert high.n_detected.tolist() == [0, 1]
    assert high.psds1.per_class.tolist() == low.psds1.per_class.tolist()
    bridged = measure_detection([truth], [sound], LABELS, [0.5, 0.5], config=EventConfig(min_gap_s=3.0))
    assert bridged.n_detected.tolist() == [1, 1]


def test_means_leave_out_classes_whose_sounds_all_failed():
    failures = (Failure("b.wav", "b.wav: is damaged"),)
    result = measure_detection(
        [[(0, 1.0, 3.0)]], [frame_probs("00999900", "00000000")], LABELS, [0.5, 0.5], failures=failures
    )
    figures = result.to_dict()
    assert (figures["collar_macro_f1"], figures["psds1"], figures["segment_macro_error_rate"]) == (1.0, 1.0, 0.0)
    assert (figures["classes"][1]["psds1"], figures["classes"][1]["segment_error_rate"]) == (None, None)
    assert figures["failures"] == [{"file": "b.wav", "error": "b.wav: is damaged"}]


def test_overlapping_events_of_a_class_are_merged():
    result = measure_detection(
        [[(0, 1.0, 2.5), (0, 2.0, 3.0), (0, 3.5, 9.0)]], [frame_probs("00999909", "00000000")], LABELS, [0.5, 0.5]
    )
    assert (result.n_events.tolist(), result.n_overlapping) == ([2, 0], 1)
    assert result.collar.true_positives.tolist() == [2, 0]  # the last event is cut at the end of the sound, 4 s
    assert merge_events([(0, 2.0 - 1e-9, 3.0), (0, 1.0, 2.0)], 9.0) == [(0, 1.0, 2.0), (0, 2.0 - 1e-9, 3.0)]
    assert merge_events([(0, 1.0, 5.0), (0, 2.0, 3.0)], 9.0) == [(0, 1.0, 5.0)]


def test_frame_lasts_until_the_next_one():
    frames = FrameProbs(np.full((3, 1), 0.9, np.float32), np.array([0.0, 0.4, 1.0]), 1.3)
    assert frames.to_frame_scores().edges_s.tolist() == [0.0, 0.4, 1.0, 1.3]
    assert frames.events([0.5], EventConfig()) == [(0, 0.0, 1.3)]


def test_refusals():
    sound, truth = FIRST
    with pytest.raises(DataError, match="none of 2 sounds has an event"):
        measure_detection([[], []], [sound, sound], LABELS, [0.5, 0.5])
    with pytest.raises(ValueError, match="from 11 s to 10 s"):
        measure_detection([[(0, 11.0, 12.0)]], [sound], LABELS, [0.5, 0.5])
    with pytest.raises(ValueError, match="shorter"):
        measure_detection([truth, truth], [sound], LABELS, [0.5, 0.5])
