"""Limits: hours decode in bounded memory, and decompression bombs are refused."""

import io
import subprocess
import sys
import tracemalloc
from pathlib import Path

import numpy as np
import pytest

from panns.audio import DecodeLimits, open_sound
from panns.errors import AudioDecodeError
from tests.audio.decoding.encoded_sounds import sound_file, with_av, with_soundfile


def _silent_flac(seconds, sample_rate=8_000):
    import soundfile

    file = io.BytesIO()
    with soundfile.SoundFile(file, "w", sample_rate, 1, format="FLAC", subtype="PCM_16") as out:
        for _ in range(0, seconds, 60):
            out.write(np.zeros(60 * sample_rate, np.int16))
    return file.getvalue()


def _drain(source, **keywords):
    with open_sound(source, sample_rate=8_000, **keywords) as stream:
        return sum(len(block) for block in stream) / 8_000


@pytest.mark.parametrize("duration_s", [1200, pytest.param(3 * 3600, marks=pytest.mark.slow)])
def test_a_decompression_bomb_is_refused_early(duration_s):
    bomb = _silent_flac(duration_s)
    assert len(bomb) < duration_s * 28
    with open_sound(bomb, sample_rate=8_000) as stream:
        blocks = iter(stream)
        sizes = []
        with pytest.raises(AudioDecodeError, match=r"decompression bomb.*min_bytes_per_s"):
            sizes.extend(len(block) for block in blocks)
    assert sum(sizes) < 0.9 * duration_s * 8_000  # it has 25 bytes per second, and 32 are the limit
    assert _drain(bomb, limits=DecodeLimits(min_bytes_per_s=0)) == pytest.approx(duration_s)


def test_many_samples_a_second_are_a_bomb_too():
    bomb = with_av(np.zeros((65_535 * 20, 8), np.float32), 655_350, "flac", "flac")
    limits = DecodeLimits(grace_s=1, min_bytes_per_million=1_000)
    with pytest.raises(AudioDecodeError, match=r"samples of all channels.*bomb.*min_bytes_per_million"):
        _drain(bomb, limits=limits)
    assert _drain(bomb, limits=DecodeLimits(grace_s=1, min_bytes_per_million=0)) == pytest.approx(2.0)


def test_long_silence_is_decoded():
    assert _drain(_silent_flac(600)) == pytest.approx(600)
    assert _drain(_silent_flac(660, sample_rate=44_100)) == pytest.approx(660)


def test_a_header_beyond_the_duration_limit_is_refused():
    with pytest.raises(AudioDecodeError, match=r"limit of 1 s.*max_duration_s"):
        open_sound(sound_file("wav"), sample_rate=32_000, limits=DecodeLimits(max_duration_s=1))


def test_limits_apply_to_arrays():
    with pytest.raises(AudioDecodeError, match=r"<array>.*limit of 1 s"):
        _drain((np.zeros(100_000), 8_000), limits=DecodeLimits(max_duration_s=1))


@pytest.mark.parametrize("name", ["ogg", "aac", "webm", "flac"])
def test_the_duration_limit_applies_while_decoding(name):
    data = sound_file(name, 5.0)
    with pytest.raises(AudioDecodeError, match="limit of 2 s"):
        _drain(data, limits=DecodeLimits(max_duration_s=2))


def test_an_absurd_declared_length_is_ignored():
    wav = bytearray(sound_file("w64"))
    at = wav.index(b"data\xf3\xac") + 16
    wav[at : at + 8] = (2**61).to_bytes(8, "little")
    tracemalloc.start()
    with open_sound(bytes(wav), sample_rate=44_100) as stream:
        n_samples = sum(len(block) for block in stream)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert n_samples == 88_200
    assert "are missing" in stream.warnings[0]
    assert peak < 10e6


@pytest.mark.parametrize(
    "name", ["wav", "flac", *(pytest.param(name, marks=pytest.mark.slow) for name in ("ogg", "mp3", "webm"))]
)
def test_memory_does_not_grow_with_the_length(name):
    def peak(seconds):
        data = sound_file(name, seconds)
        tracemalloc.start()
        _drain(data)
        _, most = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        return most

    peak(5.0)
    assert peak(30.0) < peak(5.0) + 2e6


def test_memory_does_not_grow_with_channels():
    data = with_soundfile(np.zeros((44_100, 500), np.int16), 44_100, "WAV", "PCM_16")
    tracemalloc.start()
    _drain(data)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 10e6


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="peak memory is read from /proc")
def test_ten_hours_of_wav_take_little_memory(tmp_path):
    """A sparse file of 6.4 GB, decoded and resampled in a process of its own, whose memory is measured."""
    n_bytes = 10 * 3600 * 44_100 * 4
    header = with_soundfile(np.zeros((0, 2), np.int16), 44_100, "RF64", "PCM_16")
    start = header.index(b"data") + 8
    ds64 = header.index(b"ds64") + 8
    sizes = b"".join(value.to_bytes(8, "little") for value in (n_bytes + start - 8, n_bytes, n_bytes // 4))
    path = tmp_path / "long.wav"
    with path.open("wb") as file:
        file.write(header[:ds64] + sizes + header[ds64 + 24 : start])
        file.truncate(start + n_bytes)
    code = (
        "import re, sys; from pathlib import Path; from panns.audio import open_sound\n"
        "with open_sound(sys.argv[1], sample_rate=32_000) as stream: n = sum(len(block) for block in stream)\n"
        # Not getrusage: what it says of a child includes the size that its parent had when it was started.
        "peak_kb = re.search(r'VmHWM:\\s+(\\d+)', Path('/proc/self/status').read_text())[1]\n"
        "print(n, peak_kb, stream.warnings)"
    )
    done = subprocess.run([sys.executable, "-c", code, str(path)], capture_output=True, check=True, text=True)
    n_samples, rss_kb, warnings = done.stdout.split(maxsplit=2)
    assert int(n_samples) == 10 * 3600 * 32_000
    assert int(rss_kb) < 150_000
    assert warnings.strip() == "()"


@pytest.mark.slow
@pytest.mark.parametrize("size", [0, 2**32 - 1, 5 * 2**30 % 2**32])
def test_a_wav_beyond_4_gib_is_read_to_its_end(size, tmp_path):
    header = with_soundfile(np.zeros((0, 2), np.int16), 44_100, "WAV", "PCM_16")[:40]
    path = tmp_path / "long.wav"
    with path.open("wb") as file:
        file.write(header + size.to_bytes(4, "little"))
        file.truncate(44 + 5 * 2**30)
    assert _drain(path) == pytest.approx(5 * 2**30 / 4 / 44_100)
