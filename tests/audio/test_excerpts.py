"""Excerpts of sounds: the samples of the file, in its own rate, channels and kind of numbers where possible."""

from __future__ import annotations

import re

import numpy as np
import pytest
import soundfile

from panns.audio.excerpts import Excerpt, write_excerpts
from panns.audio.limits import DecodeLimits
from panns.errors import AudioDecodeError
from tests.commands import needs_posix, run_python, succeed
from tests.sounds import noise, write_wav

LIMITS = DecodeLimits()
RATE = 11_025


@pytest.fixture
def samples():
    return np.random.default_rng(0).uniform(-0.5, 0.5, (3 * RATE, 2)).astype(np.float32)


def excerpts_of(path, *stretches, duration_s=3.0):
    wanted = [Excerpt(path.parent / f"{i}.wav", *one) for i, one in enumerate(stretches)]
    write_excerpts(str(path), wanted, duration_s=duration_s, limits=LIMITS)
    return [one.path for one in wanted]


@pytest.mark.parametrize(
    ("suffix", "subtype", "written"),
    [
        ("wav", "FLOAT", "FLOAT"),
        ("wav", "PCM_24", "PCM_24"),
        ("flac", "PCM_16", "PCM_16"),
        ("aiff", "PCM_32", "PCM_24"),
    ],
)
def test_channels_and_numbers_stay(tmp_path, samples, suffix, subtype, written):
    soundfile.write(tmp_path / f"a.{suffix}", samples, RATE, subtype)
    exact, _ = soundfile.read(tmp_path / f"a.{suffix}", dtype="float32", always_2d=True)
    second, whole = excerpts_of(tmp_path / f"a.{suffix}", (1.0, 2.5), (0.0, 9.0))
    info = soundfile.info(second)
    assert (info.samplerate, info.channels, info.subtype, info.format) == (RATE, 2, written, "WAV")
    for path, start, stop in ((second, RATE, round(2.5 * RATE)), (whole, 0, 3 * RATE)):
        read, _ = soundfile.read(path, dtype="float32", always_2d=True)
        np.testing.assert_allclose(read, exact[start:stop], atol=0 if written in {"FLOAT", "PCM_16"} else 2**-22)


@pytest.mark.parametrize("suffix", ["ogg", "mp3", "wav"])
def test_others_and_damaged_files_are_decoded_as_for_detection(tmp_path, samples, suffix):
    """Overlapping stretches, in any order, one that starts inside a block and one that ends after the sound."""
    from panns.audio import load_sound

    path = tmp_path / f"a.{suffix}"
    soundfile.write(path, samples, RATE)
    # A duration that differs from the header's: as if the file were longer than its header says.
    duration_s = 2.9 if suffix == "wav" else 3.0
    decoded = load_sound(str(path), sample_rate=RATE)
    stretches = [(1.5, 2.0), (0.25, 1.75), (2.0, 9.0), (0.0, 0.001)]
    for written, (onset_s, offset_s) in zip(
        excerpts_of(path, *stretches, duration_s=duration_s), stretches, strict=True
    ):
        read, rate = soundfile.read(written, dtype="float32", always_2d=True)
        assert (rate, read.shape[1]) == (RATE, 1)
        np.testing.assert_allclose(read[:, 0], decoded[round(onset_s * RATE) : round(offset_s * RATE)], atol=2**-14)


def test_a_sound_that_ends_before_an_event(tmp_path, samples):
    soundfile.write(tmp_path / "a.wav", samples, RATE)
    with pytest.raises(AudioDecodeError, match=r"ends before 5\.000 s"):
        excerpts_of(tmp_path / "a.wav", (1.0, 2.0), (5.0, 6.0), duration_s=8.0)
    assert [one.name for one in tmp_path.glob("*.wav")] == ["a.wav", "0.wav"] or (tmp_path / "0.wav").exists()
    assert not list(tmp_path.glob(".*"))


FULL = """
import resource, sys
from pathlib import Path
from panns.audio.excerpts import Excerpt, write_excerpts
from panns.audio.limits import DecodeLimits
from panns.errors import PannsError
unlimited = resource.getrlimit(resource.RLIMIT_FSIZE)
resource.setrlimit(resource.RLIMIT_FSIZE, (4096, unlimited[1]))
folder = Path(sys.argv[1])
try:
    write_excerpts(str(folder / "a.wav"), [Excerpt(folder / "b.wav", 0.0, 1.0)], duration_s=1.0, limits=DecodeLimits())
except PannsError as exc:
    print(exc)
resource.setrlimit(resource.RLIMIT_FSIZE, unlimited)
"""


@needs_posix
def test_a_full_disk_is_no_damaged_sound(tmp_path):
    write_wav(tmp_path / "a.wav", noise(1.0))
    said = succeed(run_python(FULL, tmp_path))
    assert re.fullmatch(r".*b\.wav cannot be written \(.*\); make room or use another folder\n", said)
    assert [path.name for path in tmp_path.iterdir()] == ["a.wav"]
