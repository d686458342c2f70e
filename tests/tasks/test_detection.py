"""What sounds when, by the model inside the package: on sounds whose times are known, and however long."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

import panns
from panns.audio import load_audio, open_audio
from panns.events import EventConfig, find_events
from panns.models.checkpoint import open_checkpoint
from panns.models.registry import find_model, shipped_checkpoint
from panns.runtime.load import load_model
from panns.tasks import detection as task
from tests.sounds import RATE, noise

SIREN = "examples/siren.ogg"
BEFORE_S, SIREN_S = 4.0, 5.0


def sirens(duration_s):
    """A siren in near silence, from the fourth to the ninth second and again half a minute later."""
    siren = load_audio(SIREN, sample_rate=RATE)
    sound = 1e-4 * noise(duration_s)
    for onset_s in (BEFORE_S, BEFORE_S + 27.0):
        onset = round(onset_s * RATE)
        stretch = sound[onset : onset + len(siren)]
        stretch += siren[: len(stretch)]
    return sound


@pytest.fixture(scope="module")
def model():
    return load_model(open_checkpoint(shipped_checkpoint(find_model("builtin").shipped)), n_threads=1)


def test_a_siren_is_found_where_it_is():
    heard = panns.load(n_threads=1).detect((sirens(12.0), RATE), threshold=0.4)
    events = [event for event in heard if event.label == "Siren"]
    assert min(event.onset_s for event in events) == pytest.approx(BEFORE_S, abs=0.3)
    assert max(event.offset_s for event in events) == pytest.approx(BEFORE_S + SIREN_S, abs=0.3)
    assert all(event.onset_s < event.offset_s and event.score >= 0.4 for event in heard)
    assert [event.onset_s for event in heard] == sorted(event.onset_s for event in heard)


@pytest.mark.parametrize("duration_s", [0.01, 1.0, 29.0, 36.0])
def test_events_are_those_of_all_frames_at_once(model, duration_s):
    config = EventConfig(median_s=0.3)
    source = (sirens(duration_s), RATE)
    with open_audio(source, sample_rate=model.manifest.sample_rate) as stream:
        found = task.detect(model, stream, threshold=0.1, config=config)
    with open_audio(source, sample_rate=model.manifest.sample_rate) as stream:
        frames = [
            task.frames_of(window, model.score(window.waveform[None]), model.manifest)
            for window in model.windows(stream)
        ]
    probs, onsets_s = (np.concatenate(arrays) for arrays in zip(*frames, strict=True))
    assert (np.diff(onsets_s) > 0).all()
    assert onsets_s[-1] < duration_s
    thresholds = task.thresholds_of(model.manifest, 0.1)
    expected = find_events(probs, onsets_s, duration_s, thresholds, config)
    assert [(one.index, one.onset_s, one.offset_s, one.score) for one in found] == [tuple(one) for one in expected]
    assert found.duration_s == pytest.approx(duration_s)
    assert all(one.offset_s <= duration_s + 1e-9 for one in found)


def test_thresholds_are_the_given_one_or_the_models_own(model):
    manifest = model.manifest
    own = tuple(np.linspace(0.1, 0.9, len(manifest.labels)))
    assert (task.thresholds_of(manifest, None) == 0.5).all()
    assert (task.thresholds_of(manifest, 0.25) == 0.25).all()
    np.testing.assert_array_equal(task.thresholds_of(replace(manifest, thresholds=own), None), np.float32(own))
    assert (task.thresholds_of(replace(manifest, thresholds=own), 0.25) == 0.25).all()


def test_a_model_without_frame_scores_says_so(tiny_checkpoint):
    with pytest.raises(ValueError, match="cnn6 scores whole clips and does not say when; use a model with frame"):
        panns.load(tiny_checkpoint).detect((sirens(1.0), RATE))


def test_a_threshold_that_is_no_probability_is_refused():
    with pytest.raises(ValueError, match="must be one probability for each class, 0 to 1"):
        panns.detect((sirens(1.0), RATE), threshold=1.5)
