from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from panns.augment.noise import coloured_noise
from panns.data.clip_lists import ClipList, write_clip_list
from panns.data.clips.clip import Clip
from panns.data.soundscapes.backgrounds import NoiseBackgrounds, RecordedBackgrounds, loop, read_recordings
from panns.errors import AudioDecodeError, DataError
from tests.sounds import noise, tone, write_wav

RATE = 8_000


def recorded(folder, sound, *, rate=RATE, **clip):
    write_wav(folder / "rain.wav", sound, rate)
    return RecordedBackgrounds(ClipList(folder, (Clip("rain.wav", **clip),)))


def draw(backgrounds, n_samples=RATE, *, seed=0):
    return backgrounds.draw(n_samples, 1.0, RATE, np.random.default_rng(seed))


def test_noise_background():
    made = NoiseBackgrounds(coloured_noise).draw(RATE, 2.0, RATE, np.random.default_rng(3))
    assert (made.waveform == coloured_noise(RATE, 2.0, RATE, np.random.default_rng(3))).all()
    assert made.recording is None


def test_background_starts_anywhere_in_a_recording(tmp_path):
    sound = noise(5.0, sample_rate=RATE)
    backgrounds = recorded(tmp_path, sound)
    onsets = []
    for seed in range(60):
        found = draw(backgrounds, seed=seed)
        start = round(found.onset_s * RATE)
        assert (found.waveform == sound[start : start + RATE]).all()
        assert found.recording.path == "rain.wav"
        onsets.append(found.onset_s)
    assert 0 <= min(onsets) < 0.5
    assert 3.5 < max(onsets) <= 4.0


def test_background_stays_inside_its_stretch(tmp_path):
    sound = noise(5.0, sample_rate=RATE)
    backgrounds = recorded(tmp_path, sound, onset_s=1.0, offset_s=2.5)
    for seed in range(20):
        found = draw(backgrounds, seed=seed)
        start = round((1.0 + found.onset_s) * RATE)
        assert found.onset_s <= 0.5
        assert (found.waveform == sound[start : start + RATE]).all()


@pytest.mark.parametrize("rate", [8_000, 11_025, 44_100])
@pytest.mark.parametrize("seconds", [0.001, 0.3, 1.0, 1.0001, 3.0])
def test_background_has_the_requested_length(tmp_path, rate, seconds):
    backgrounds = recorded(tmp_path, noise(seconds, sample_rate=rate), rate=rate)
    for seed in range(5):
        found = draw(backgrounds, seed=seed)
        assert found.waveform.shape == (RATE,)
        assert np.square(found.waveform).mean() > 1e-4


def test_draws_depend_only_on_the_seed(tmp_path):
    sound = noise(5.0, sample_rate=RATE)
    fresh, used = recorded(tmp_path, sound), recorded(tmp_path, sound)
    for seed in range(3):
        draw(used, seed=seed)
    assert (draw(fresh, seed=5).waveform == draw(used, seed=5).waveform).all()


def test_silence_in_a_recording_is_skipped(tmp_path):
    backgrounds = recorded(tmp_path, np.concatenate([np.zeros(4 * RATE, np.float32), noise(4.0, sample_rate=RATE)]))
    assert all(np.square(draw(backgrounds, seed=seed).waveform).mean() >= 1e-10 for seed in range(20))


def test_silent_recording_is_refused(tmp_path):
    with pytest.raises(DataError, match=r"rain\.wav is silent"):
        draw(recorded(tmp_path, np.zeros(RATE, np.float32)))


def test_unreadable_recording_is_named(tmp_path):
    backgrounds = recorded(tmp_path, tone(1.0))
    (tmp_path / "rain.wav").write_text("no sound")
    with pytest.raises(AudioDecodeError, match=r"rain\.wav: is text"):
        draw(backgrounds)


def test_recordings_of_a_folder_at_any_depth(tmp_path):
    (tmp_path / "a" / "b").mkdir(parents=True)
    for name in ("x.wav", "a/y.wav", "a/b/z.flac"):
        write_wav(tmp_path / name, noise(0.1))
    (tmp_path / "notes.txt").write_text("none")
    found = read_recordings(tmp_path)
    assert [clip.path for clip in found.clips] == ["a/b/z.flac", "a/y.wav", "x.wav"]
    assert all(found.file(clip).is_file() for clip in found.clips)


def test_recordings_of_a_clip_list_keep_their_licence(tmp_path):
    write_clip_list(tmp_path / "back.csv", [Clip("x.wav", licence="CC0")])
    assert read_recordings(tmp_path / "back.csv").clips == (Clip("x.wav", licence="CC0"),)


def test_missing_recordings_are_refused(tmp_path):
    with pytest.raises(DataError, match="holds no sounds"):
        read_recordings(tmp_path)
    with pytest.raises(DataError, match="list of background recordings is empty"):
        RecordedBackgrounds(ClipList(tmp_path, ()))


@given(st.integers(1, 50), st.integers(1, 200), st.integers(0, 60), st.data())
def test_loop_repeats_the_sound(length, n_samples, n_fade, data):
    first = data.draw(st.integers(0, length - 1))
    sound = np.arange(1, length + 1, dtype=np.float32)
    found = loop(sound, n_samples, n_fade=n_fade, first=first)
    turn = length - min(n_fade, length // 2)
    assert found.shape == (n_samples,)
    assert (found[turn:] == found[: max(n_samples - turn, 0)]).all()
    if not n_fade:
        assert (found == np.resize(np.roll(sound, -first), n_samples)).all()


def test_loop_has_no_seam():
    sound = noise(1.0, sample_rate=RATE)
    found = loop(sound, 10 * RATE, n_fade=RATE // 4)
    powers = np.square(found).reshape(-1, RATE // 8).mean(axis=1)
    assert powers == pytest.approx(np.full(80, 0.01), rel=0.25)
    hum = tone(1.0, hz=3.0, sample_rate=RATE)
    steps = np.abs(np.diff(loop(hum, 5 * RATE, n_fade=RATE // 4)))
    assert steps.max() < 3 * np.abs(np.diff(hum)).max()
