"""What sounds when, by the model inside the package: on sounds whose times are known, and however long."""

from __future__ import annotations

import numpy as np
import pytest

import panns
from panns.audio import load_sound
from panns.detection.thresholds import thresholds_of
from panns.events import EventConfig, find_events
from tests.sounds import RATE, noise

SIREN = "examples/siren.ogg"
BEFORE_S, SIREN_S = 4.0, 5.0


def sirens(duration_s):
    """A siren in near silence, from the fourth to the ninth second and again half a minute later."""
    siren = load_sound(SIREN, sample_rate=RATE)
    sound = 1e-4 * noise(duration_s)
    for onset_s in (BEFORE_S, BEFORE_S + 27.0):
        onset = round(onset_s * RATE)
        stretch = sound[onset : onset + len(siren)]
        stretch += siren[: len(stretch)]
    return sound


@pytest.fixture(scope="module")
def recognizer():
    return panns.load(n_threads=1)


def test_a_siren_is_found_where_it_is():
    heard = panns.detect((sirens(12.0), RATE), threshold=0.4)
    events = [event for event in heard if event.label == "Siren"]
    assert min(event.onset_s for event in events) == pytest.approx(BEFORE_S, abs=0.3)
    assert max(event.offset_s for event in events) == pytest.approx(BEFORE_S + SIREN_S, abs=0.3)
    assert all(event.onset_s < event.offset_s and event.score >= 0.4 for event in heard)
    assert [event.onset_s for event in heard] == sorted(event.onset_s for event in heard)


@pytest.mark.parametrize("duration_s", [0.01, 1.0, 9.99, 10.0, 36.0])
def test_events_are_those_of_all_frames_at_once(recognizer, duration_s):
    config = EventConfig(median_s=0.3)
    sound = sirens(duration_s)
    found = recognizer.detect((sound, RATE), threshold=0.1, config=config)
    stream = recognizer.stream(RATE)
    heard = [stream.push(sound), stream.finish()]
    probs = np.concatenate([one.frame_probs for one in heard])
    onsets_s = np.concatenate([one.frame_onsets_s for one in heard])
    np.testing.assert_allclose(onsets_s, np.arange(len(onsets_s)) * 0.08)
    assert len(onsets_s) == int(np.ceil(duration_s / 0.08 - 1e-9))
    expected = find_events(probs, onsets_s, duration_s, thresholds_of(recognizer.manifest, 0.1), config)
    assert [(one.index, one.onset_s, one.offset_s, one.score) for one in found] == [tuple(one) for one in expected]
    assert found.duration_s == pytest.approx(duration_s)
    assert all(one.offset_s <= duration_s + 1e-9 for one in found)


def test_frames_are_those_of_windows_of_ten_seconds(recognizer):
    """And the end of a sound is heard by a window that looks back as far as any other."""
    sound = sirens(23.0)
    stream = recognizer.stream(RATE)
    probs = np.concatenate([stream.push(sound).frame_probs, stream.finish().frame_probs])
    for onset_s, first, n_frames in ((0, 0, 125), (10, 125, 125), (13.04, 250, 38)):
        window = sound[round(onset_s * RATE) : round(onset_s * RATE) + 10 * RATE]
        expected = recognizer.run(window).frame_probs[0][:125]
        offset = first - round(onset_s / 0.08)
        np.testing.assert_allclose(probs[first : first + n_frames], expected[offset : offset + n_frames], atol=2e-6)


def test_a_model_of_whole_clips_hears_a_window_about_every_moment(tiny_checkpoint):
    recognizer = panns.load(tiny_checkpoint, n_threads=1)
    sound = sirens(6.05)
    stream = recognizer.stream(RATE)
    heard = [stream.push(sound), stream.finish()]
    probs = np.concatenate([one.frame_probs for one in heard])
    assert len(probs) == 61
    np.testing.assert_allclose(np.concatenate([one.frame_onsets_s for one in heard]), np.arange(61) * 0.1)
    padded = np.pad(sound, (round(0.45 * RATE), RATE))
    for frame in (0, 7, 30, 60):
        window = padded[round(frame * 0.1 * RATE) :][:RATE]
        np.testing.assert_allclose(probs[frame], recognizer.run(window).clip_probs[0], atol=2e-6)


def test_a_threshold_that_is_no_probability_is_refused():
    with pytest.raises(ValueError, match=r"threshold=1.5 is no probability; give one of 0 to 1"):
        panns.detect((sirens(1.0), RATE), threshold=1.5)
