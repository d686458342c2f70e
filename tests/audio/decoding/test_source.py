"""Paths, bytes, file objects, pipes and arrays give equal sound, and a name for messages."""

import io
import logging
import os
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pytest

from panns.audio import DecodeLimits, load_sound, open_sound
from panns.errors import AudioDecodeError
from tests.audio.decoding.encoded_sounds import sound_file, tone, with_soundfile
from tests.commands import needs_posix

_EXPECTED = load_sound(sound_file("flac"), sample_rate=32_000)


class Unseekable(io.RawIOBase):
    """A stream that gives its bytes once, in small pieces."""

    def __init__(self, data):
        self._file = io.BytesIO(data)

    def readable(self):
        return True

    def readinto(self, buffer):
        return self._file.readinto(memoryview(buffer)[:1000])


class OnlyRead:
    """The least that a file object can be."""

    def __init__(self, data):
        self._file = io.BytesIO(data)

    def read(self, n_bytes=-1):
        return self._file.read(n_bytes)


def _name_and_sound(source):
    with open_sound(source, sample_rate=32_000) as stream:
        return stream.name, np.concatenate(list(stream))


def test_path_as_text_and_as_path(tmp_path):
    path = tmp_path / "鳥 bird.flac"
    path.write_bytes(sound_file("flac"))
    for source in (str(path), path):
        name, waveform = _name_and_sound(source)
        assert name == str(path)
        assert np.array_equal(waveform, _EXPECTED)


@pytest.mark.parametrize(
    ("make", "name"),
    [
        (bytes, "<bytes>"),
        (bytearray, "<bytes>"),
        (io.BytesIO, "<stream>"),
        (Unseekable, "<stream>"),
        (OnlyRead, "<stream>"),
    ],
)
def test_bytes_and_file_objects(make, name):
    assert _name_and_sound(make(sound_file("flac")))[0] == name
    assert np.array_equal(load_sound(make(sound_file("flac")), sample_rate=32_000), _EXPECTED)


def test_an_open_file_is_read_from_its_position(tmp_path):
    path = tmp_path / "embedded.bin"
    path.write_bytes(b"header" + sound_file("flac"))
    with path.open("rb") as file:
        file.seek(6)
        name, waveform = _name_and_sound(file)
        assert not file.closed
    assert name == str(path)
    assert np.array_equal(waveform, _EXPECTED)


def test_a_file_at_its_end_says_what_to_do():
    file = io.BytesIO(sound_file("flac"))
    file.read()
    with pytest.raises(AudioDecodeError, match=r"call seek\(0\)"):
        open_sound(file, sample_rate=32_000)


@pytest.mark.parametrize("name", ["wav", "mp3", "webm"])
def test_standard_input(name):
    code = (
        "import sys; from panns.audio import open_sound\n"
        "with open_sound(sys.stdin.buffer, sample_rate=32_000) as stream: n = sum(len(block) for block in stream)\n"
        "print(stream.name, n)"
    )
    done = subprocess.run([sys.executable, "-c", code], input=sound_file(name), capture_output=True, check=True)
    shown_name, n_samples = done.stdout.split()
    assert shown_name == b"<stdin>"
    assert int(n_samples) == pytest.approx(64_000, abs=1_000)
    assert done.stderr == b""


@needs_posix
def test_a_named_pipe(tmp_path):
    path = tmp_path / "pipe"
    os.mkfifo(path)
    writer = threading.Thread(target=path.write_bytes, args=(sound_file("flac"),))
    writer.start()
    assert np.array_equal(load_sound(path, sample_rate=32_000), _EXPECTED)
    writer.join()


def test_a_pipe_has_a_size_limit():
    with pytest.raises(AudioDecodeError, match=r"10,000 bytes.*max_spool_bytes"):
        open_sound(Unseekable(sound_file("wav")), sample_rate=32_000, limits=DecodeLimits(max_spool_bytes=10_000))


def test_a_long_path_is_never_read_whole(tmp_path, monkeypatch):
    from panns.audio.decoding import source

    path = tmp_path / "long.wav"
    path.write_bytes(sound_file("wav", 60.0))
    most = 0
    read = source.SeekableInput.readinto

    def counted(self, buffer):
        nonlocal most
        most = max(most, len(memoryview(buffer).cast("B")))
        return read(self, buffer)

    monkeypatch.setattr(source.SeekableInput, "readinto", counted)
    assert len(load_sound(path, sample_rate=8_000)) == 480_000
    assert most <= 2**20


@pytest.mark.parametrize(
    ("dtype", "scale"),
    [("int16", 2**15), ("int32", 2**31), ("int8", 2**7), ("float64", 1), ("float16", 1), (">i2", 2**15)],
)
def test_arrays_are_scaled_to_one(dtype, scale):
    samples = np.array([0.5, -0.5, 0.25, 0.0] * 100)
    stored = (samples * scale).astype(dtype)
    waveform = load_sound((stored, 16_000), sample_rate=16_000)
    assert waveform.dtype == np.float32
    assert np.array_equal(waveform, samples.astype(np.float32))


def test_uint8_silence_is_128():
    stored = np.array([128, 0, 192], dtype=np.uint8)
    assert load_sound((stored, 16_000), sample_rate=16_000).tolist() == [0.0, -1.0, 0.5]


def test_a_stereo_array_is_averaged_and_resampled():
    samples = tone(1.0)
    assert len(load_sound((samples, 44_100), sample_rate=32_000)) == 32_000
    assert np.abs(load_sound((samples, 44_100), sample_rate=44_100) - samples.mean(axis=1)).max() < 1e-6


def test_blocks_of_an_array_are_copies():
    samples = np.zeros(100, dtype=np.float32)
    waveform = load_sound((samples, 16_000), sample_rate=16_000)
    waveform[:] = 1
    assert samples.max() == 0


def test_a_sound_is_iterated_once_and_closes_its_file(tmp_path):
    path = tmp_path / "a.wav"
    path.write_bytes(sound_file("wav"))
    with open_sound(path, sample_rate=32_000) as stream:
        for _ in stream:
            break
        with pytest.raises(ValueError, match="open it again"):
            iter(stream)
    path.unlink()


def test_attributes_of_a_sound():
    with open_sound(sound_file("wav"), sample_rate=16_000) as stream:
        assert (stream.name, stream.sample_rate, stream.native_sample_rate, stream.n_channels) == (
            "<bytes>",
            16_000,
            44_100,
            2,
        )
        assert stream.declared_duration_s == pytest.approx(2.0)


def test_blocks_stay_small_with_a_low_native_rate():
    data = with_soundfile(tone(100.0, sample_rate=1_000, tone_hz=50), 1_000, "WAV", "PCM_16")
    with open_sound(data, sample_rate=32_000) as stream:
        sizes = [len(block) for block in stream]
    assert sum(sizes) == 3_200_000
    assert max(sizes) <= 3 * 2**16


def test_a_failing_read_ends_the_sound_with_a_warning(caplog):
    class Failing(io.BytesIO):
        def read(self, n_bytes=-1):
            if self.tell() > 200_000:
                raise OSError("the disk is on fire")
            return super().read(n_bytes)

    with caplog.at_level(logging.WARNING), open_sound(Failing(sound_file("wav")), sample_rate=44_100) as stream:
        n_samples = sum(len(block) for block in stream)
    assert 30_000 < n_samples < 88_200
    assert "the disk is on fire" in stream.warnings[-1]
    assert "the disk is on fire" in caplog.text


def test_importing_loads_no_decoder():
    code = (
        "import sys, panns.audio\n"
        "print([name for name in ('soundfile', 'soxr', 'av', 'scipy', 'torch') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, text=True)
    assert done.stdout.strip() == "[]"


def test_refused_files_are_closed(tmp_path):
    path = tmp_path / "bad.wav"
    path.write_bytes(b"RIFF\x00\x00\x00\x00WAVE" + bytes(100))
    for _ in range(3):
        with pytest.raises(AudioDecodeError):
            open_sound(path, sample_rate=32_000)
    descriptors = Path("/proc/self/fd")
    if descriptors.exists():
        targets = [str(entry.readlink()) for entry in descriptors.iterdir() if entry.exists()]
        assert str(path) not in targets


@pytest.mark.parametrize(
    ("source", "sample_rate"), [(sound_file("wav"), 44_100), ((np.zeros(900, np.float32), 9_000), 9_000)]
)
def test_without_sample_rate_the_native_rate_is_kept(source, sample_rate):
    with open_sound(source, sample_rate=None) as stream:
        n_samples = sum(map(len, stream))
    assert stream.sample_rate == stream.native_sample_rate == sample_rate
    assert n_samples == round(stream.duration_s * sample_rate)
