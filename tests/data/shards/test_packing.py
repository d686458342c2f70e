from __future__ import annotations

import json

import numpy as np
import pytest

from panns.audio import load_sound
from panns.data.clip_lists import Clip, TimedLabel
from panns.data.clips.stretches import StretchReader
from panns.data.shards import ShardSettings
from panns.data.shards.packing import pack
from panns.errors import AudioDecodeError
from tests.audio.decoding.encoded_sounds import sound_file
from tests.sounds import noise, tone, write_wav

RATE = 8_000
KEEP = ShardSettings()


def packed(file, settings, clip=None):
    with StretchReader() as stretches:
        return pack(file, clip or Clip(file.name), settings, stretches)


@pytest.fixture
def stereo(tmp_path):
    sound = np.stack([tone(1, sample_rate=RATE), noise(1, sample_rate=RATE)], 1)
    return write_wav(tmp_path / "a.WAV", sound, RATE)


def test_kept_file_is_copied(stereo):
    clip = packed(stereo, KEEP)
    assert (clip.sound, clip.suffix, clip.duration_s, clip.gain) == (stereo.read_bytes(), "wav", 1.0, 1.0)


def test_kept_stretch_becomes_flac_at_its_own_rate(stereo):
    clip = packed(stereo, KEEP, Clip("a.WAV", onset_s=0.25, offset_s=0.5))
    assert (clip.suffix, clip.duration_s) == ("flac", 0.25)
    expected = load_sound(stereo, sample_rate=RATE)[RATE // 4 : RATE // 2]
    np.testing.assert_allclose(load_sound(clip.sound, sample_rate=RATE), expected, atol=2**-16)


@pytest.mark.parametrize("coding", ["flac", "wav"])
@pytest.mark.parametrize("rate", [None, RATE, 11_025])
def test_decoded_clip_is_mono_at_the_requested_rate(stereo, coding, rate):
    clip = packed(stereo, ShardSettings(coding, rate))
    assert (clip.suffix, clip.duration_s, clip.gain) == (coding, 1.0, 1.0)
    expected = load_sound(stereo, sample_rate=rate or RATE)
    np.testing.assert_allclose(load_sound(clip.sound, sample_rate=rate or RATE), expected, atol=2**-16)


def test_gain_of_a_loud_sound_is_in_its_description(tmp_path):
    file = write_wav(tmp_path / "loud.wav", 4 * tone(0.2, sample_rate=RATE), RATE)
    clip = packed(file, ShardSettings("wav", RATE))
    assert clip.gain == json.loads(clip.description)["gain"] == 2
    np.testing.assert_allclose(
        2 * load_sound(clip.sound, sample_rate=RATE), load_sound(file, sample_rate=RATE), atol=2**-15
    )


def test_description_omits_empty_fields(stereo):
    known = Clip("a.WAV", ("Dog", "雨"), "1", "s", 0.0, 0.5, (TimedLabel("Dog", 0.1, 0.2),), "CC0", "me")
    assert json.loads(packed(stereo, KEEP, known).description) == {
        "path": "a.WAV",
        "labels": ["Dog", "雨"],
        "fold": "1",
        "source": "s",
        "onset_s": 0.0,
        "offset_s": 0.5,
        "events": [{"label": "Dog", "onset_s": 0.1, "offset_s": 0.2}],
        "licence": "CC0",
        "attribution": "me",
        "duration_s": 0.5,
    }
    assert json.loads(packed(stereo, KEEP).description) == {"path": "a.WAV", "labels": [], "duration_s": 1.0}


@pytest.mark.parametrize(
    ("name", "suffix"),
    [("a.b.wav", "wav"), ("a", "sound"), ("a.json", "sound"), ("a.w v", "sound"), ("a.Flac", "flac")],
)
def test_suffix_is_plain_and_not_json(tmp_path, name, suffix):
    (tmp_path / name).write_bytes(sound_file("wav"))
    assert packed(tmp_path / name, KEEP).suffix == suffix


def test_file_without_declared_duration_is_decoded(tmp_path):
    (tmp_path / "a.aac").write_bytes(sound_file("aac"))
    assert packed(tmp_path / "a.aac", KEEP).duration_s == pytest.approx(2.0, abs=0.15)


@pytest.mark.parametrize("settings", [KEEP, ShardSettings("wav", RATE), ShardSettings("flac")])
def test_file_that_is_not_a_sound_is_named(tmp_path, settings):
    (tmp_path / "a.wav").write_text("no sound")
    with pytest.raises(AudioDecodeError, match=r"a\.wav: is text, not audio"):
        packed(tmp_path / "a.wav", settings)


def test_rate_too_high_for_flac_is_refused(tmp_path):
    file = write_wav(tmp_path / "bat.wav", noise(0.01, sample_rate=1_000_000), 1_000_000)
    with pytest.raises(AudioDecodeError, match=r"bat\.wav: 1000000 Hz exceed the 655350 Hz"):
        packed(file, ShardSettings("flac"))
