"""Detection thresholds in every form that a caller may give."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

import panns
from panns.checkpoints.manifest import ModelManifest, OperatingPoint
from panns.detection.thresholds import parse_threshold, resolve_thresholds
from panns.events import EventConfig
from tests.sounds import noise


@pytest.fixture(scope="module")
def manifest(tiny_stream_checkpoint):
    return panns.load(tiny_stream_checkpoint, n_threads=1).manifest


def test_a_probability_or_the_models_own_thresholds(manifest):
    own = tuple(np.linspace(0.1, 0.9, len(manifest.labels)))
    assert (resolve_thresholds(manifest, None) == 0.5).all()
    assert (resolve_thresholds(manifest, 0.25) == 0.25).all()
    np.testing.assert_array_equal(resolve_thresholds(replace(manifest, thresholds=own), None), np.float32(own))
    assert (resolve_thresholds(replace(manifest, thresholds=own), 0.25) == 0.25).all()


def test_a_rate_selects_the_models_thresholds(manifest):
    few, many = (tuple(np.full(len(manifest.labels), level)) for level in (0.9, 0.3))
    chosen = replace(manifest, operating_points=(OperatingPoint(1.0, few), OperatingPoint(10.0, many)))
    assert (resolve_thresholds(chosen, None) == np.float32(0.9)).all()  # the first is the usual one
    assert (resolve_thresholds(chosen, "1/h") == np.float32(0.9)).all()
    assert (resolve_thresholds(chosen, "10 / h") == np.float32(0.3)).all()
    with pytest.raises(ValueError, match="no thresholds for 5 false alarms per hour; use 1/h or 10/h"):
        resolve_thresholds(chosen, "5/h")
    with pytest.raises(ValueError, match="1 false alarms per hour; use a probability"):
        resolve_thresholds(manifest, "1/h")
    with pytest.raises(ValueError, match="invalid threshold='often'"):
        resolve_thresholds(manifest, "often")


def test_one_for_each_class_or_by_label(manifest):
    own = tuple(np.linspace(0.1, 0.9, len(manifest.labels)))
    chosen = replace(manifest, thresholds=own)
    siren = manifest.labels.find("Siren").index
    expected = np.float32(own)
    expected[siren] = 0.3
    np.testing.assert_array_equal(resolve_thresholds(chosen, {"siren": 0.3}), expected)
    assert resolve_thresholds(manifest, {"Siren": 0.3})[[siren, siren + 1]].tolist() == np.float32([0.3, 0.5]).tolist()
    for given in (own, list(own), np.array(own)):
        np.testing.assert_array_equal(resolve_thresholds(manifest, given), np.float32(own))


@pytest.mark.parametrize(
    ("threshold", "error", "words"),
    [
        (1.5, ValueError, "threshold=1.5 is out of range"),
        (float("nan"), ValueError, "threshold=nan is out of range"),
        (True, TypeError, "threshold=True must be a number"),
        ({"Siren": 2}, ValueError, "threshold=2 for Siren is out of range"),
        ({"Siren": "1/h"}, TypeError, "threshold='1/h' for Siren must be a number"),
        ([0.1, 0.2], ValueError, r"thresholds of shape \(2,\) do not fit stream.* 527 classes"),
        ([0.5] * 526 + [-1], ValueError, "threshold=-1 for Field recording is out of range"),
        ({"Sirn": 0.5}, panns.UnknownLabel, "no label 'Sirn' in .* did you mean 'Siren'"),
    ],
)
def test_invalid_thresholds(manifest, threshold, error, words):
    with pytest.raises(error, match=words) as raised:
        resolve_thresholds(manifest, threshold)
    assert len(str(raised.value)) < 200


def test_streams_take_thresholds_by_label_and_class(tiny_stream_checkpoint):
    recognizer = panns.load(tiny_stream_checkpoint, n_threads=1)
    assert (
        recognizer.detect(
            (noise(1.0), 32_000), threshold={label.en: 1.0 for label in recognizer.manifest.labels}
        ).events
        == ()
    )
    assert recognizer.stream(threshold=[0.5] * 527).push(noise(0.1)).frame_probs.shape[1] == 527


@pytest.mark.parametrize("text", ["1.5", "-0.1", "nan", "1/min", "often", ""])
def test_invalid_texts(text):
    with pytest.raises(ValueError, match=f"invalid threshold {text!r}"):
        parse_threshold(text)


def test_a_manifest_keeps_operating_points_and_event_settings(manifest):
    point = OperatingPoint(1.0, tuple([0.25] * len(manifest.labels)))
    chosen = replace(manifest, operating_points=(point,), events=EventConfig(median_s=0.2))
    read = ModelManifest.from_json(chosen.to_json(), where="a test")
    assert read.operating_points == (point,)
    assert read.events == EventConfig(median_s=0.2)
    assert ModelManifest.from_json(manifest.to_json(), where="a test").events is None
    with pytest.raises(ValueError, match="2 thresholds for 527 classes; give one for each"):
        replace(manifest, operating_points=(OperatingPoint(1.0, (0.1, 0.2)),))


def test_detect_uses_the_models_event_settings(tiny_stream_checkpoint):
    recognizer = panns.load(tiny_stream_checkpoint, n_threads=1)
    sound = (noise(1.0), 32_000)
    config = EventConfig(median_s=0.2, min_gap_s=0.4, min_duration_s=0.3)
    expected = recognizer.detect(sound, threshold=0.5, config=config)
    recognizer._model.manifest = replace(recognizer.manifest, events=config)
    assert recognizer.detect(sound, threshold=0.5) == expected
