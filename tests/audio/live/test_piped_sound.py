import io
import os
import struct
import threading

import numpy as np
import pytest

from panns.audio import PipedSound, load_sound
from panns.errors import AudioDecodeError
from tests.audio.live.fake_sounddevice import Clock
from tests.commands import needs_posix
from tests.sounds import noise, tone

RATE = 16_000
ENDLESS = 0xFFFF_FFFF


def header(*, code=1, n_bits=16, n_channels=1, n_bytes=ENDLESS, extra=b""):
    frame = n_bits // 8 * n_channels
    layout = struct.pack("<HHIIHH", code, n_channels, RATE, RATE * frame, frame, n_bits)
    return (
        b"RIFF\xff\xff\xff\xffWAVE"
        + extra
        + b"fmt "
        + struct.pack("<I", 16)
        + layout
        + b"data"
        + struct.pack("<I", n_bytes)
    )


def pcm16(samples):
    return (samples * 32767).astype("<i2").tobytes()


class Sender:
    """Writes to a pipe from a thread; the pipe stays open until `close`."""

    def __init__(self):
        reading, self._writing = os.pipe()
        self.pipe = os.fdopen(reading, "rb")

    def send(self, data):
        threading.Thread(target=self._write, args=(data,), daemon=True).start()
        return self

    def _write(self, data):
        view = memoryview(data)
        while view:
            view = view[os.write(self._writing, view) :]

    def close(self):
        os.close(self._writing)

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self.pipe.close()

    def send_all(self, data):
        def run():
            self._write(data)
            self.close()

        threading.Thread(target=run, daemon=True).start()
        return self


def heard(data, **keywords):
    with Sender().send_all(data) as sender, PipedSound(sender.pipe, pace=0, **keywords) as sound:
        blocks = list(sound)
    return np.concatenate(blocks), sound


def encoded(container, samples, codec, rate=RATE):
    av = pytest.importorskip("av")
    file = io.BytesIO()
    with av.open(file, "w", format=container) as output:
        track = output.add_stream(codec, rate=rate)
        layout = "mono" if samples.ndim == 1 else "stereo"
        track.layout = layout
        frame = av.AudioFrame.from_ndarray(samples.reshape(1, -1), format="flt", layout=layout)
        frame.sample_rate = rate
        resampler = av.AudioResampler(track.format.name, layout, rate, track.frame_size or None)
        for one in [*resampler.resample(frame), *resampler.resample(None)]:
            output.mux(track.encode(one))
        output.mux(track.encode(None))
    return file.getvalue()


def test_sound_is_heard_while_the_pipe_is_open():
    samples = noise(2.0, sample_rate=RATE)
    with Sender().send(header() + pcm16(samples[:RATE])) as sender, PipedSound(sender.pipe, pace=0) as sound:
        blocks = iter(sound)
        first = np.concatenate([next(blocks) for _ in range(100)])
        np.testing.assert_allclose(first, samples[:RATE], atol=1e-4)
        sender.send(pcm16(samples[RATE:]))
        second = np.concatenate([next(blocks) for _ in range(100)])
        np.testing.assert_allclose(second, samples[RATE:], atol=1e-4)
        sender.close()
        assert list(blocks) == []
    assert (sound.sample_rate, sound.warnings, sound.lost_s) == (RATE, (), 0)


@pytest.mark.parametrize(
    ("code", "n_bits", "to_bytes"),
    [
        (1, 8, lambda x: ((x * 127) + 128).astype("u1").tobytes()),
        (1, 16, pcm16),
        (1, 24, lambda x: (x * (2**31 - 256)).astype("<i4").view("u1").reshape(-1, 4)[:, 1:].tobytes()),
        (1, 32, lambda x: (x.astype(np.float64) * (2**31 - 1)).astype("<i4").tobytes()),
        (3, 32, lambda x: x.astype("<f4").tobytes()),
        (3, 64, lambda x: x.astype("<f8").tobytes()),
    ],
)
@pytest.mark.parametrize("n_bytes", [ENDLESS, 0, 0x7FFF_FFFF])
def test_wav_of_any_samples_without_a_length(code, n_bits, to_bytes, n_bytes):
    samples = tone(0.2, sample_rate=RATE)
    stereo = np.stack([samples, samples], axis=1).ravel()
    data = header(code=code, n_bits=n_bits, n_channels=2, n_bytes=n_bytes) + to_bytes(stereo)
    found, sound = heard(data)
    np.testing.assert_allclose(found, samples, atol=1 / 64 if n_bits == 8 else 1e-4)
    assert sound.warnings == ()


def test_a_declared_end_is_the_end_and_an_early_one_is_a_warning():
    samples = tone(0.5, sample_rate=RATE)
    chunk = b"LIST" + struct.pack("<I", 3) + b"abc\0"
    whole = header(n_bytes=2 * len(samples), extra=chunk) + pcm16(samples)
    found, sound = heard(whole + chunk)
    assert (len(found), sound.warnings) == (len(samples), ())
    found, sound = heard(whole[: -RATE // 2])
    assert len(found) == len(samples) - RATE // 4
    assert sound.warnings == ("the pipe closed 0.25 s before the end that its header declares",)


@pytest.mark.parametrize(
    ("container", "codec"),
    [
        ("ogg", "libopus"),
        ("mp3", "libmp3lame"),
        ("flac", "flac"),
        ("mpegts", "aac"),
        ("matroska", "libopus"),
        ("adts", "aac"),
    ],
)
def test_other_formats_have_the_sound_of_the_file(container, codec):
    rate = 48_000 if codec == "libopus" else RATE
    data = encoded(container, tone(2.0, sample_rate=rate), codec, rate)
    found, sound = heard(data)
    expected = load_sound(data, sample_rate=sound.sample_rate)
    assert sound.sample_rate == rate
    assert abs(len(found) - len(expected)) <= 0.15 * rate
    levels = [np.sqrt(np.mean(one[rate // 2 : rate] ** 2)) for one in (found, expected)]
    assert levels[0] == pytest.approx(levels[1], rel=0.02)


def test_an_endless_pipe_takes_constant_memory():
    import tracemalloc

    second = pcm16(noise(1.0, sample_rate=RATE))
    sender = Sender()

    def write():
        sender._write(header())
        for _ in range(200):
            sender._write(second)
        sender.close()

    threading.Thread(target=write, daemon=True).start()
    with sender, PipedSound(sender.pipe, pace=0) as sound:
        tracemalloc.start()
        n_samples = sum(map(len, sound))
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
    assert n_samples == 200 * RATE
    assert peak < 2 * 2**20


@needs_posix  # elsewhere only the next bytes end the wait
def test_stopping_ends_a_silent_pipe():
    with (
        Sender().send(header() + pcm16(noise(0.1, sample_rate=RATE))) as sender,
        PipedSound(sender.pipe, pace=0) as sound,
    ):
        blocks = iter(sound)
        for _ in range(10):
            next(blocks)
        threading.Timer(0.05, sound.stop).start()
        assert list(blocks) == []
        sender.close()


def test_it_is_not_faster_than_its_pace():
    clock = Clock()
    began_s = clock()
    data = header() + pcm16(noise(0.5, sample_rate=RATE))
    with Sender().send_all(data) as sender, PipedSound(sender.pipe, pace=2, clock=clock, sleep=clock.sleep) as sound:
        times_s = [clock() - began_s for _ in sound]
    assert times_s[-1] == pytest.approx(0.25)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "<stdin>: empty, 0 bytes; pipe a sound into it"),
        (b"RIFF\0\0\0\0WAVEfm", "<stdin>: ends within the WAV header"),
        (b"RIFF\0\0\0\0WAVEjunk\xff\xff\xff\x7f", "a chunk of 2,147,483,647 bytes precedes the samples"),
        (b"RIFF\0\0\0\0WAVEdata\xff\xff\xff\xff", "the format is missing in the WAV header"),
        (header(code=85), "WAV of format 85 with 16 bits cannot be read from a pipe; send integers"),
        (header(), "<stdin>: holds no sound, 0 samples"),
        (b"what is this " * 1000, "<stdin>: cannot be opened .*; check what it sends"),
    ],
)
def test_a_pipe_without_sound_is_refused(data, message):
    with pytest.raises(AudioDecodeError, match=message):
        heard(data)


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -1e9])
def test_invalid_values_do_not_end_the_sound(value):
    data = header(code=3, n_bits=32) + struct.pack("<3f", 0.5, value, 0.25)
    with Sender().send_all(data) as sender, PipedSound(sender.pipe, pace=0) as sound:
        assert np.concatenate(list(sound)).tolist() == [0.5, 0.0, 0.25]
        assert "values that cannot be audio" in sound.warnings[0]


@pytest.mark.parametrize("kind", ["wav", "mp3"])
def test_channels_that_cancel_are_a_warning(kind):
    samples = tone(1.0, sample_rate=RATE)
    pair = np.stack([samples, -samples], axis=1)
    data = header(n_channels=2) + pcm16(pair) if kind == "wav" else encoded("mp3", pair, "mp3")
    found, sound = heard(data)
    assert np.sqrt(np.mean(found**2)) == pytest.approx(np.sqrt(np.mean(samples**2)), rel=0.1)
    (warning,) = sound.warnings
    assert warning.startswith("the channels cancel each other for ")
    assert float(warning.split()[6]) == pytest.approx(1.0, abs=0.15)


def test_warnings_are_there_when_it_is_stopped_early():
    samples = tone(1.0, sample_rate=RATE)
    data = header(n_channels=2) + pcm16(np.stack([samples, -samples], axis=1))
    with Sender().send_all(data) as sender, PipedSound(sender.pipe, pace=0) as sound:
        next(iter(sound))
        assert "the channels cancel each other" in sound.warnings[0]


def test_a_playlist_in_a_pipe_opens_nothing(tmp_path):
    pytest.importorskip("av")
    secret = tmp_path / "secret.wav"
    secret.write_bytes(header() + pcm16(noise(1.0, sample_rate=RATE)))
    playlist = f"#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\nfile://{secret}\n#EXT-X-ENDLIST\n".encode()
    with pytest.raises(AudioDecodeError, match="cannot be opened"):
        heard(playlist)
