"""Frames of a sound are those of which `detect` makes its events, in sounds of any length and rate."""

from __future__ import annotations

import numpy as np
import pytest

import panns
from panns.detection import WindowConfig
from panns.evaluation import FrameProbs
from panns.events import EventConfig
from tests.sounds import changing_sound, write_wav


@pytest.fixture(scope="module")
def recognizer(tiny_frames_checkpoint):
    return panns.load(tiny_frames_checkpoint, n_threads=1)


@pytest.mark.parametrize(("seconds", "rate"), [(0.3, 32_000), (3.3, 44_100), (31.4, 32_000), (42.0, 16_000)])
def test_events_are_those_of_detect(recognizer, tmp_path, seconds, rate):
    sound = write_wav(tmp_path / "a.wav", changing_sound(seconds * rate / 32_000), rate)
    heard = FrameProbs.from_frames(recognizer.frames(sound))
    detection = recognizer.detect(sound, threshold=0.4)
    assert heard.duration_s == detection.duration_s
    found = heard.events(np.full(527, 0.4), EventConfig())
    expected = [(event.index, event.onset_s, event.offset_s) for event in detection]
    assert len(found) > 0
    assert sorted(found) == [(index, pytest.approx(on), pytest.approx(off)) for index, on, off in sorted(expected)]
    assert heard.to_frame_scores().edges_s[[0, -1]].tolist() == [0.0, detection.duration_s]


def test_only_what_is_picked_is_kept(recognizer, tmp_path):
    sound = write_wav(tmp_path / "a.wav", changing_sound(31))
    shapes = []

    def pick(probs):
        shapes.append(probs.shape)
        return probs[:, [7]]

    heard = recognizer.frames(sound, keep=pick)
    assert heard.frame_probs.shape == (len(heard.frame_onsets_s), 1)
    assert {classes for _, classes in shapes} == {527}
    assert sum(frames for frames, _ in shapes) == len(heard.frame_onsets_s)


def test_what_is_told_with_them(recognizer, tmp_path):
    sound = write_wav(tmp_path / "a.wav", changing_sound(1))
    told = []
    heard = recognizer.frames(sound, windows=WindowConfig(0.64), on_progress=lambda *seconds: told.append(seconds))
    assert (heard.file, heard.duration_s, heard.warnings) == (str(sound), 1.0, ())
    assert told[-1] == (1.0, 1.0)
    assert heard.frame_probs.shape == (4, 527)
    assert set(heard.to_dict()) == {"file", "duration_s", "model", "frame_onsets_s", "frame_probs"}
    with pytest.raises(ValueError, match=r"scores frames of 0.32 s itself; leave out hop_s"):
        recognizer.frames(sound, windows=WindowConfig(hop_s=0.1))
