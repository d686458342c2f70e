from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from panns.audio import load_sound, resample
from panns.data.clip_lists import Clip, ClipList
from panns.data.clips.audio import FileAudio
from panns.errors import AudioDecodeError
from tests.sounds import noise, tone, write_silent_wav, write_wav

RATE = 16_000


@pytest.fixture
def folder(tmp_path):
    write_wav(tmp_path / "long.wav", noise(3, sample_rate=8_000), 8_000)
    write_wav(tmp_path / "b.flac", np.stack([tone(1, sample_rate=RATE), noise(1, sample_rate=RATE)], 1), RATE)
    return tmp_path


def test_whole_file(folder):
    audio = FileAudio(ClipList(folder, (Clip("b.flac", ("Tone",)), Clip("long.wav"))), RATE)
    assert (len(audio), audio.sample_rate, audio.clips[0].labels) == (2, RATE, ("Tone",))
    for i, name in enumerate(("b.flac", "long.wav")):
        waveform = audio.waveform(i)
        assert (waveform.dtype, waveform.ndim) == (np.float32, 1)
        np.testing.assert_array_equal(waveform, load_sound(folder / name, sample_rate=RATE))


@pytest.mark.parametrize(("onset_s", "offset_s"), [(None, 1.0), (0.5, 2.25), (2.0, None), (0.0, 3.0)])
def test_stretch_equals_a_file_of_it(folder, onset_s, offset_s):
    audio = FileAudio(ClipList(folder, (Clip("long.wav", onset_s=onset_s, offset_s=offset_s),)), RATE)
    whole = load_sound(folder / "long.wav", sample_rate=8_000)
    cut = whole[round((onset_s or 0) * 8_000) : round((offset_s or 3) * 8_000)]
    np.testing.assert_array_equal(audio.waveform(0), resample(cut, 8_000, RATE))


def test_absolute_path(folder, tmp_path_factory):
    clip_list = ClipList(tmp_path_factory.mktemp("elsewhere"), (Clip(str(folder / "b.flac")),))
    assert len(FileAudio(clip_list, RATE).waveform(0)) == RATE


def test_long_file_is_decoded_only_as_far_as_needed(tmp_path, monkeypatch):
    from panns.audio.decoding.file_reader import FileReader

    n_decoded = []
    blocks = FileReader.blocks
    monkeypatch.setattr(FileReader, "blocks", lambda self: (n_decoded.append(len(one)) or one for one in blocks(self)))
    write_silent_wav(tmp_path / "day.wav", 24 * 3600)
    audio = FileAudio(ClipList(tmp_path, (Clip("day.wav", onset_s=1.0, offset_s=3.0),)), RATE)
    assert len(audio.waveform(0)) == 2 * RATE
    assert sum(n_decoded) < 10 * RATE


@pytest.mark.parametrize(
    ("clip", "words"),
    [
        (Clip("nosuch.wav"), "nosuch.wav: no such file"),
        (Clip("nosuch.wav", onset_s=1.0), "nosuch.wav: no such file"),
        (Clip("text.wav"), "text.wav: is text, not audio"),
        (
            Clip("long.wav", onset_s=2.5, offset_s=4.0),
            r"long.wav: the stretch from 2.500 s to 4.000 s reaches beyond .* 3.000 s",
        ),
        (Clip("long.wav", onset_s=3.0), r"long.wav: the stretch from 3.000 s to the end"),
        (Clip("long.wav", onset_s=1.0, offset_s=1.00001), "shorter than one sample at 8000 Hz"),
    ],
)
def test_unreadable_clip_names_its_file(folder, clip, words):
    (folder / "text.wav").write_text("no sound")
    with pytest.raises(AudioDecodeError, match=words):
        FileAudio(ClipList(folder, (clip,)), RATE).waveform(0)


def test_stretch_shorter_than_a_sample(tmp_path):
    write_wav(tmp_path / "bat.wav", noise(0.1, sample_rate=192_000), 192_000)
    audio = FileAudio(ClipList(tmp_path, (Clip("bat.wav", onset_s=0.0, offset_s=2e-5),)), 8_000)
    with pytest.raises(AudioDecodeError, match=r"bat\.wav: the stretch .* shorter than one sample at 8000 Hz"):
        audio.waveform(0)


def test_threads_read_the_same_waveforms(folder):
    clips = tuple(Clip("long.wav", onset_s=k / 10, offset_s=k / 10 + 0.5) for k in range(20))
    audio = FileAudio(ClipList(folder, clips), RATE)
    alone = [audio.waveform(i) for i in range(20)]
    with ThreadPoolExecutor(4) as pool:
        for one, other in zip(alone, pool.map(audio.waveform, range(20)), strict=True):
            np.testing.assert_array_equal(one, other)
