"""What is found in the sound of one file."""

from __future__ import annotations

import numpy as np
import pytest
import soundfile

from panns.data.clips.clip import Clip, TimedLabel
from panns.data.quality import inspect
from panns.data.quality.inspect import head_of, inspect_file
from tests.sounds import RATE, noise, tone, write_silent_wav, write_wav


def hear(path, *clips, min_duration_s=0.0):
    return inspect_file(path, clips or [Clip(path.name)], min_duration_s=min_duration_s)


def found_in(path, *clips, **options):
    return [(finding.kind, finding.sentence) for one in hear(path, *clips, **options) for finding in one.findings]


def test_a_good_file(tmp_path):
    (heard,) = hear(write_wav(tmp_path / "a.wav", noise(1.5)))
    assert heard.findings == ()
    assert (heard.duration_s, heard.sample_rate) == (1.5, RATE)
    assert len(heard.digest) == 16
    assert heard.landmarks is not None


def test_the_digest_is_of_the_samples_and_their_rate(tmp_path):
    samples = (noise(1.0) * 20_000).astype(np.int16)
    for name in ("a.wav", "b.flac", "c.aiff"):
        soundfile.write(tmp_path / name, samples, 16_000)
    soundfile.write(tmp_path / "d.wav", samples, 8_000)
    soundfile.write(tmp_path / "e.wav", samples[:-1], 16_000)
    digests = [hear(tmp_path / name)[0].digest for name in ("a.wav", "b.flac", "c.aiff", "d.wav", "e.wav")]
    assert digests[0] == digests[1] == digests[2]
    assert len(set(digests)) == 3


def test_a_file_that_is_not_there_is_said_once(tmp_path):
    path = tmp_path / "a.wav"
    assert found_in(path, Clip("a.wav", offset_s=1.0), Clip("a.wav", onset_s=1.0)) == [
        ("missing file", f"{path} is not there; correct its path, or leave it out")
    ]
    (tmp_path / "folder").mkdir()
    assert found_in(tmp_path / "folder")[0][0] == "missing file"


@pytest.mark.parametrize(
    ("content", "words"),
    [(b"", "empty"), (b"this is no sound" * 9, "text"), (b"RIFF" + bytes(100), "a.wav")],
)
def test_what_cannot_be_read_is_said(tmp_path, content, words):
    path = tmp_path / "a.wav"
    path.write_bytes(content)
    ((kind, sentence),) = found_in(path)
    assert kind == "unreadable"
    assert words in sentence
    assert hear(path)[0].digest == b""


def test_numbers_that_are_no_sound_are_said(tmp_path):
    samples = noise(1.0)
    samples[RATE // 2] = np.nan
    ((kind, sentence),) = found_in(write_wav(tmp_path / "a.wav", samples))
    assert kind == "unreadable"
    assert "not finite (nan) at 0.500 s" in sentence


def test_a_cut_file_is_said(tmp_path):
    path = write_wav(tmp_path / "a.wav", noise(2.0))
    path.write_bytes(path.read_bytes()[: 4 * RATE])
    ((kind, sentence),) = found_in(path)
    assert kind == "truncated"
    assert sentence.startswith("a.wav: ")


def test_silence_is_said_and_is_no_copy_of_silence(tmp_path):
    (heard,) = hear(write_silent_wav(tmp_path / "a.wav", 1.0))
    assert [one.kind for one in heard.findings] == ["silent"]
    assert (heard.digest, heard.landmarks) == (b"", None)
    assert found_in(write_wav(tmp_path / "b.wav", 0.002 * tone(1.0)))[0] == (
        "silent",
        "b.wav: nothing in it is louder than 6.0e-04 of full scale; is something to be heard?",
    )
    assert found_in(write_wav(tmp_path / "c.wav", 0.004 * tone(1.0))) == []


def test_short_clips_are_said(tmp_path):
    path = write_wav(tmp_path / "a.wav", noise(0.5))
    assert found_in(path, min_duration_s=0.5) == []
    assert found_in(path, min_duration_s=1.0) == [("too short", "a.wav: 0.500 s long, of the 1 s that are asked for")]
    few = write_wav(tmp_path / "b.wav", noise(0.5)[:10])
    assert found_in(few, min_duration_s=0.1) == [("too short", "b.wav: 0.312 ms long, of the 0.1 s that are asked for")]


@pytest.mark.parametrize(
    ("samples", "is_found"),
    [
        (np.clip(noise(1.0, level=1.0), -1, 1), True),
        (np.clip(noise(1.0, level=1.0), -0.7, 0.7), True),  # made quieter after it was clipped
        (np.clip(noise(1.0, level=0.3), -1, 1), False),  # one sample in a thousand
        (np.clip(noise(1.0, level=1.0), -0.3, 0.3), False),  # a limiter of a quiet sound
        (2.9 * tone(1.0), False),
        (1.9 * tone(1.0, hz=100.0), False),
        (np.where(np.arange(RATE) % 2_000, 0.0, 0.6), False),  # clicks; the rest is silence
    ],
)
@pytest.mark.parametrize("subtype", ["PCM_16", "FLOAT"])
def test_clipped_sound_is_said(tmp_path, samples, is_found, subtype):
    soundfile.write(tmp_path / "a.wav", samples, RATE, subtype=subtype)
    assert [kind for kind, _ in found_in(tmp_path / "a.wav")] == ["clipped"] * is_found


def test_events_behind_the_end_are_said(tmp_path):
    path = write_wav(tmp_path / "a.wav", noise(2.0))
    inside, behind = TimedLabel("dog", 0.5, 2.05), TimedLabel("dog", 0.5, 2.5)
    assert found_in(path, Clip("a.wav", events=(inside,))) == []
    assert found_in(path, Clip("a.wav", events=(inside, behind))) == [
        ("event outside", "a.wav: dog until 2.5 s, and it ends at 2.000 s")
    ]


def test_stretches_are_heard_for_themselves(tmp_path):
    path = write_wav(tmp_path / "a.wav", np.concatenate([np.zeros(RATE, np.float32), noise(1.0), noise(1.0)]))
    stretches = [Clip("a.wav", onset_s=float(i), offset_s=i + 1.0) for i in range(3)]
    silent, one, same = hear(path, *stretches)
    assert [finding.kind for finding in silent.findings] == ["silent"]
    assert (one.duration_s, one.digest) == (1.0, same.digest)
    assert found_in(path, Clip("a.wav", onset_s=2.0, offset_s=3.5))[0][0] == "unreadable"
    (sentence,) = [sentence for _, sentence in found_in(path, Clip("a.wav", onset_s=4.0))]
    assert "the stretch from 4.000 s to the end reaches behind its end at 3.000 s" in sentence


def test_only_the_head_of_a_long_clip_is_compared(tmp_path, monkeypatch):
    monkeypatch.setattr(inspect, "HEAD_S", 0.5)
    samples = noise(5.0)
    write_wav(tmp_path / "a.wav", samples)
    write_wav(tmp_path / "b.wav", np.append(samples[: 3 * RATE], noise(2.0, seed=1)))
    a, b = (hear(tmp_path / name)[0] for name in ("a.wav", "b.wav"))
    assert a.digest != b.digest
    assert (a.landmarks.bits == b.landmarks.bits).all()
    for clip in (Clip("a.wav"), Clip("a.wav", onset_s=0.0, offset_s=4.0)):
        head = head_of(tmp_path / "a.wav", clip, RATE)
        assert (head == samples[: RATE // 2]).all()
    assert len(head_of(tmp_path / "a.wav", Clip("a.wav", onset_s=4.75), 8_000)) == 2_000
