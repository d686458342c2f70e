"""Events and frames of whole sounds, by the model inside the package and by small ones."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import panns
from panns.audio import load_sound
from panns.detection import WindowConfig
from panns.detection.offline import rechunk
from panns.detection.thresholds import resolve_thresholds
from panns.evaluation import FrameProbs
from panns.events import EventConfig, find_events
from tests.sounds import RATE, changing_sound, noise, write_wav

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
def builtin():
    return panns.load(n_threads=1)


@pytest.fixture(scope="module")
def recognizer(tiny_frames_checkpoint):
    return panns.load(tiny_frames_checkpoint, n_threads=1)


def test_a_siren_is_found_at_its_time():
    found = panns.detect((sirens(12.0), RATE), threshold=0.4)
    events = [event for event in found if event.label == "Siren"]
    assert min(event.onset_s for event in events) == pytest.approx(BEFORE_S, abs=0.3)
    assert max(event.offset_s for event in events) == pytest.approx(BEFORE_S + SIREN_S, abs=0.3)
    assert all(event.onset_s < event.offset_s and event.score >= 0.4 for event in found)
    assert [event.onset_s for event in found] == sorted(event.onset_s for event in found)


def assert_events_are_those_of_all_frames(recognizer, duration_s, hop_s):
    config, sound = EventConfig(median_s=0.3), sirens(duration_s)
    found = recognizer.detect((sound, RATE), threshold=0.1, config=config)
    frames = recognizer.frames((sound, RATE))
    probs, onsets_s = frames.frame_probs, frames.frame_onsets_s
    np.testing.assert_allclose(onsets_s, np.arange(len(onsets_s)) * hop_s)
    assert len(onsets_s) == int(np.ceil(duration_s / hop_s - 1e-9))
    expected = find_events(probs, onsets_s, duration_s, resolve_thresholds(recognizer.manifest, 0.1), config)
    assert [(one.index, one.onset_s, one.offset_s, one.score) for one in found] == [tuple(one) for one in expected]
    assert found.duration_s == pytest.approx(duration_s)
    assert all(one.offset_s <= duration_s + 1e-9 for one in found)


@pytest.mark.parametrize("duration_s", [0.01, 9.99, pytest.param(36.0, marks=pytest.mark.slow)])
def test_events_are_those_of_all_frames_at_once(builtin, duration_s):
    assert_events_are_those_of_all_frames(builtin, duration_s, hop_s=0.08)


@pytest.mark.parametrize(("seconds", "rate"), [(0.3, 32_000), (3.3, 44_100), (31.4, 32_000), (42.0, 16_000)])
def test_frames_give_the_events_of_detect(recognizer, tmp_path, seconds, rate):
    sound = write_wav(tmp_path / "a.wav", changing_sound(seconds * rate / 32_000), rate)
    frames = FrameProbs.from_frames(recognizer.frames(sound))
    detection = recognizer.detect(sound, threshold=0.4)
    assert frames.duration_s == detection.duration_s
    found = frames.events(np.full(527, 0.4), EventConfig())
    expected = [(event.index, event.onset_s, event.offset_s) for event in detection]
    assert len(found) > 0
    assert sorted(found) == [(index, pytest.approx(on), pytest.approx(off)) for index, on, off in sorted(expected)]
    assert frames.to_frame_scores().edges_s[[0, -1]].tolist() == [0.0, detection.duration_s]


def test_keep_selects_from_every_chunk(recognizer, tmp_path):
    sound = write_wav(tmp_path / "a.wav", changing_sound(11))
    shapes = []

    def keep_one(probs):
        shapes.append(probs.shape)
        return probs[:, [7]]

    frames = recognizer.frames(sound, keep=keep_one)
    assert frames.frame_probs.shape == (len(frames.frame_onsets_s), 1)
    assert {classes for _, classes in shapes} == {527}
    assert sum(n_frames for n_frames, _ in shapes) == len(frames.frame_onsets_s)


def test_frames_come_with_their_file_and_progress(recognizer, tmp_path):
    sound = write_wav(tmp_path / "a.wav", changing_sound(1))
    progress = []
    frames = recognizer.frames(sound, windows=WindowConfig(0.64), on_progress=progress.append)
    assert (frames.file, frames.duration_s, frames.warnings) == (str(sound), 1.0, ())
    assert progress[-1][:3] == (1.0, 1.0, "seconds of sound")
    assert frames.frame_probs.shape == (4, 527)
    assert list(frames.to_dict()) == ["file", "duration_s", "model", "frame_onsets_s", "frame_probs"]


@given(lengths=st.lists(st.integers(0, 50), max_size=20), n_samples=st.integers(1, 40))
def test_chunks_hold_the_samples_of_the_blocks(lengths, n_samples):
    sound = np.arange(sum(lengths), dtype=np.float32)
    found = list(rechunk(np.split(sound, np.cumsum(lengths)[:-1]) if lengths else [], n_samples))
    assert [len(chunk) for chunk in found[:-1]] == [n_samples] * (len(found) - 1)
    assert not found or 0 < len(found[-1]) <= n_samples
    np.testing.assert_array_equal(np.concatenate([np.zeros(0, np.float32), *found]), sound)


def test_a_chunk_comes_as_soon_as_it_is_complete():
    def endless():
        while True:
            yield np.zeros(3, np.float32)

    chunks = rechunk(endless(), 5)
    assert [len(next(chunks)) for _ in range(4)] == [5, 5, 5, 5]
