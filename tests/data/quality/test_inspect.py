"""Defects, digests and landmarks of the clips of one file."""

from __future__ import annotations

import numpy as np
import pytest
import soundfile

from panns.data.clips.clip import Clip, TimedLabel
from panns.data.quality import inspect
from panns.data.quality.inspect import inspect_file, load_head
from tests.sounds import RATE, noise, tone, write_silent_wav, write_wav


def inspect_clips(path, *clips, min_duration_s=0.0):
    return inspect_file(path, clips or [Clip(path.name)], min_duration_s=min_duration_s)


def found_in(path, *clips, **options):
    return [
        (finding.kind, finding.message) for one in inspect_clips(path, *clips, **options) for finding in one.findings
    ]


def test_good_file(tmp_path):
    (inspection,) = inspect_clips(write_wav(tmp_path / "a.wav", noise(1.5)))
    assert inspection.findings == ()
    assert (inspection.duration_s, inspection.sample_rate) == (1.5, RATE)
    assert len(inspection.digest) == 16
    assert inspection.landmarks is not None


def test_digest_depends_on_samples_and_rate(tmp_path):
    samples = (noise(1.0) * 20_000).astype(np.int16)
    for name in ("a.wav", "b.flac", "c.aiff"):
        soundfile.write(tmp_path / name, samples, 16_000)
    soundfile.write(tmp_path / "d.wav", samples, 8_000)
    soundfile.write(tmp_path / "e.wav", samples[:-1], 16_000)
    digests = [inspect_clips(tmp_path / name)[0].digest for name in ("a.wav", "b.flac", "c.aiff", "d.wav", "e.wav")]
    assert digests[0] == digests[1] == digests[2]
    assert len(set(digests)) == 3


def test_missing_file_is_reported_once(tmp_path):
    path = tmp_path / "a.wav"
    assert found_in(path, Clip("a.wav", offset_s=1.0), Clip("a.wav", onset_s=1.0)) == [
        ("missing file", f"{path} is missing; correct its path, or remove it")
    ]
    (tmp_path / "folder").mkdir()
    assert found_in(tmp_path / "folder")[0][0] == "missing file"


@pytest.mark.parametrize(
    ("content", "words"),
    [(b"", "empty"), (b"this is text ...." * 9, "text"), (b"RIFF" + bytes(100), "a.wav")],
)
def test_unreadable_file_is_reported(tmp_path, content, words):
    path = tmp_path / "a.wav"
    path.write_bytes(content)
    ((kind, message),) = found_in(path)
    assert kind == "unreadable"
    assert words in message
    assert inspect_clips(path)[0].digest == b""


def test_nan_is_reported(tmp_path):
    samples = noise(1.0)
    samples[RATE // 2] = np.nan
    ((kind, message),) = found_in(write_wav(tmp_path / "a.wav", samples))
    assert kind == "unreadable"
    assert "nan" in message
    assert "0.500 s" in message


def test_truncated_file_is_reported(tmp_path):
    path = write_wav(tmp_path / "a.wav", noise(2.0))
    path.write_bytes(path.read_bytes()[: 4 * RATE])
    ((kind, message),) = found_in(path)
    assert kind == "incomplete or unusual"
    assert message.startswith("a.wav: ")


def test_silence_is_reported_without_digest(tmp_path):
    (inspection,) = inspect_clips(write_silent_wav(tmp_path / "a.wav", 1.0))
    assert [one.kind for one in inspection.findings] == ["silent"]
    assert (inspection.digest, inspection.landmarks) == (b"", None)
    ((kind, message),) = found_in(write_wav(tmp_path / "b.wav", 0.002 * tone(1.0)))
    assert kind == "silent"
    assert "peaks at 6.0e-04" in message
    assert found_in(write_wav(tmp_path / "c.wav", 0.004 * tone(1.0))) == []


def test_short_clips_are_reported(tmp_path):
    path = write_wav(tmp_path / "a.wav", noise(0.5))
    assert found_in(path, min_duration_s=0.5) == []
    assert found_in(path, min_duration_s=1.0) == [
        ("too short", "a.wav: lasts 0.500 s, less than 1 s; cut it again, or remove it")
    ]
    few = write_wav(tmp_path / "b.wav", noise(0.5)[:10])
    ((kind, message),) = found_in(few, min_duration_s=0.1)
    assert kind == "too short"
    assert "0.312 ms" in message


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
def test_clipping_is_reported(tmp_path, samples, is_found, subtype):
    soundfile.write(tmp_path / "a.wav", samples, RATE, subtype=subtype)
    assert [kind for kind, _ in found_in(tmp_path / "a.wav")] == ["clipped"] * is_found


def test_events_beyond_the_end_are_reported(tmp_path):
    path = write_wav(tmp_path / "a.wav", noise(2.0))
    inside, beyond = TimedLabel("dog", 0.5, 2.05), TimedLabel("dog", 0.5, 2.5)
    assert found_in(path, Clip("a.wav", events=(inside,))) == []
    ((kind, message),) = found_in(path, Clip("a.wav", events=(inside, beyond)))
    assert kind == "event outside"
    assert "dog ends at 2.5 s" in message
    assert "2.000 s" in message


def test_stretches_are_inspected_separately(tmp_path):
    path = write_wav(tmp_path / "a.wav", np.concatenate([np.zeros(RATE, np.float32), noise(1.0), noise(1.0)]))
    stretches = [Clip("a.wav", onset_s=float(i), offset_s=i + 1.0) for i in range(3)]
    silent, one, same = inspect_clips(path, *stretches)
    assert [finding.kind for finding in silent.findings] == ["silent"]
    assert (one.duration_s, one.digest) == (1.0, same.digest)
    assert found_in(path, Clip("a.wav", onset_s=2.0, offset_s=3.5))[0][0] == "unreadable"
    (message,) = [message for _, message in found_in(path, Clip("a.wav", onset_s=4.0))]
    assert "from 4.000 s to the end" in message
    assert "3.000 s" in message


def test_only_the_head_of_a_clip_is_compared(tmp_path, monkeypatch):
    monkeypatch.setattr(inspect, "HEAD_S", 0.5)
    samples = noise(5.0)
    write_wav(tmp_path / "a.wav", samples)
    write_wav(tmp_path / "b.wav", np.append(samples[: 3 * RATE], noise(2.0, seed=1)))
    a, b = (inspect_clips(tmp_path / name)[0] for name in ("a.wav", "b.wav"))
    assert a.digest != b.digest
    assert (a.landmarks.bits == b.landmarks.bits).all()
    for clip in (Clip("a.wav"), Clip("a.wav", onset_s=0.0, offset_s=4.0)):
        head = load_head(tmp_path / "a.wav", clip, RATE)
        assert (head == samples[: RATE // 2]).all()
    assert len(load_head(tmp_path / "a.wav", Clip("a.wav", onset_s=4.75), 8_000)) == 2_000
