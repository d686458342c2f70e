"""Every format is written and read back; the tone stays."""

import numpy as np
import pytest

from panns.audio import load_sound, open_sound
from panns.audio.decoding.formats import id3_size
from panns.audio.decoding.lengths.bare import mpeg_frame_bytes
from panns.errors import AudioDecodeError
from tests.audio.decoding.encoded_sounds import (
    FORMATS,
    TONE_HZ,
    native_rate,
    peak_hz,
    sound_file,
    tone,
    with_av,
    with_soundfile,
)

# Coders without a record of their delay keep it as sound: up to 2,048 samples of AAC at each end.
_CODER_DELAY_S = 0.1


@pytest.mark.parametrize("name", FORMATS)
def test_reads_back_what_was_written(name):
    with open_sound(sound_file(name), sample_rate=32_000) as stream:
        waveform = np.concatenate(list(stream))
    assert waveform.dtype == np.float32
    assert waveform.ndim == 1
    assert stream.native_sample_rate == native_rate(name)
    assert stream.n_channels == 2
    assert stream.warnings == ()
    assert len(waveform) / 32_000 == pytest.approx(2.0, abs=_CODER_DELAY_S)
    assert peak_hz(waveform, 32_000) == pytest.approx(TONE_HZ, abs=1)
    assert np.abs(waveform[8_000:-8_000]).max() == pytest.approx(0.5, abs=0.05)


@pytest.mark.parametrize("name", ["wav", "wav_24", "wav_float", "rf64", "w64", "aiff", "au", "caf", "flac", "caf_alac"])
def test_lossless_formats_are_exact(name):
    expected = tone(2.0).mean(axis=1)
    waveform = load_sound(sound_file(name), sample_rate=44_100)
    assert waveform.shape == expected.shape
    assert np.abs(waveform - expected).max() < 2**-15


@pytest.mark.parametrize("name", ["mp3", "ogg", "m4a", "mov_alac"])
def test_coders_with_a_known_delay_keep_the_time(name):
    expected = tone(2.0).mean(axis=1)
    waveform = load_sound(sound_file(name), sample_rate=44_100)
    n = min(len(waveform), len(expected))
    lags = np.fft.irfft(np.fft.rfft(waveform[:n], 2 * n) * np.conj(np.fft.rfft(expected[:n], 2 * n)))
    period = 44_100 / TONE_HZ
    lag = (np.argmax(lags) + n) % (2 * n) - n
    assert abs(lag) < period / 10


@pytest.mark.parametrize("sample_rate", [100, 1_000, 8_000, 11_025, 22_050, 44_100, 48_000, 96_000, 192_000, 4_000_000])
def test_any_sample_rate(sample_rate):
    samples = tone(1.0 if sample_rate <= 96_000 else 0.1, sample_rate=sample_rate, tone_hz=min(sample_rate / 10, 440))
    data = with_soundfile(samples, sample_rate, "WAV", "PCM_16")
    waveform = load_sound(data, sample_rate=32_000)
    assert len(waveform) == pytest.approx(len(samples) * 32_000 / sample_rate, abs=1)
    assert peak_hz(waveform, 32_000) == pytest.approx(min(sample_rate / 10, 440), abs=10)


@pytest.mark.parametrize("n_channels", [1, 2, 3, 6, 16, 200, 1024])
def test_channels_are_averaged(n_channels):
    samples = tone(0.2, n_channels=n_channels)
    data = with_soundfile(samples, 44_100, "WAV", "FLOAT")
    with open_sound(data, sample_rate=44_100) as stream:
        waveform = np.concatenate(list(stream))
    assert stream.n_channels == n_channels
    assert np.abs(waveform - samples.mean(axis=1)).max() < 1e-6


@pytest.mark.parametrize("n_channels", [1, 6, 8])
@pytest.mark.parametrize(("container", "codec"), [("ipod", "aac"), ("wv", "wavpack"), ("mov", "pcm_s16le")])
def test_channels_of_coded_files_are_averaged(n_channels, container, codec):
    samples = tone(0.5, n_channels=n_channels)
    samples[:, 3:4] = 0  # the effects channel, of which coders keep the lowest tones only
    with open_sound(with_av(samples, 44_100, container, codec), sample_rate=44_100) as stream:
        waveform = np.concatenate(list(stream))
    assert stream.n_channels == n_channels
    expected_peak = np.abs(samples.mean(axis=1)).max()
    assert np.abs(waveform[4_000:-4_000]).max(initial=0) == pytest.approx(expected_peak, abs=0.05)


@pytest.mark.parametrize(("container", "coding"), [("WAV", "FLOAT"), ("FLAC", "PCM_24"), ("mov", "pcm_s24le")])
def test_the_louder_of_channels_that_cancel_is_used(container, coding):
    left = tone(3.0, n_channels=1)
    write = with_soundfile if container.isupper() else with_av
    data = write(np.hstack([0.8 * left, -left]), 44_100, container, coding)
    with open_sound(data, sample_rate=44_100) as stream:
        waveform = np.concatenate(list(stream))
    assert np.abs(waveform + left[:, 0]).max() < 1e-6
    (warning,) = stream.warnings
    assert warning.startswith("the channels cancel each other for 3.00 s, first at 0.00 s")
    assert "channel 2" in warning


@pytest.mark.parametrize("n_samples", [1, 2, 3, 100, 65_535, 65_536, 65_537])
def test_any_length(n_samples):
    data = with_soundfile(tone(2.0)[:n_samples], 44_100, "WAV", "FLOAT")
    assert len(load_sound(data, sample_rate=44_100)) == n_samples
    assert len(load_sound(data, sample_rate=32_000)) == pytest.approx(n_samples * 32_000 / 44_100, abs=1)


@pytest.mark.parametrize("sample_rate", [8_000, 16_000, 32_000])
@pytest.mark.parametrize("n_samples", [1, 2, 5])
def test_a_sound_of_some_samples_stays_one_at_a_lower_rate(n_samples, sample_rate):
    data = with_soundfile(np.full((n_samples, 1), 0.25, np.float32), 44_100, "WAV", "FLOAT")
    waveform = load_sound(data, sample_rate=sample_rate)
    assert len(waveform) == max(1, round(n_samples * sample_rate / 44_100))


@pytest.mark.parametrize("n_samples", [100, 229, 1_000])
@pytest.mark.parametrize(
    ("container", "codec"),
    [("mp3", "libmp3lame"), ("adts", "aac"), ("latm", "aac"), ("ac3", "ac3"), ("MP3", "MPEG_LAYER_III")],
)
@pytest.mark.parametrize("sample_rate", [32_000, 48_000])
def test_files_of_one_frame_are_read(container, codec, n_samples, sample_rate):
    samples = tone(0.1, sample_rate=sample_rate, n_channels=1)[:n_samples]
    data = (with_soundfile if container.isupper() else with_av)(samples, sample_rate, container, codec)
    assert len(load_sound(data, sample_rate=sample_rate)) >= n_samples


def first_frame(data):
    data = data[id3_size(data[:10]) :]
    n_bytes = mpeg_frame_bytes(data[:4])
    assert len(data) > 2 * n_bytes > 100
    return data[:n_bytes]


@pytest.mark.parametrize(("container", "codec"), [("mp2", "mp2"), ("mp3", "libmp3lame"), ("MP3", "MPEG_LAYER_III")])
@pytest.mark.parametrize("before", [b"", b"ID3\4\0\0\0\0\0\x0a" + bytes(10)])
@pytest.mark.parametrize("after", [b"", b"TAG" + bytes(125)])
def test_a_single_frame_of_mpeg_audio_is_read(container, codec, before, after):
    """Both decoders wait for a second frame."""
    samples = tone(0.2, sample_rate=32_000, n_channels=1)
    data = (with_soundfile if container.isupper() else with_av)(samples, 32_000, container, codec)
    one = load_sound(before + first_frame(data) + after, sample_rate=32_000)
    assert len(one) == 1_152
    with pytest.raises(AudioDecodeError, match="damaged"):
        load_sound(first_frame(data)[:-3], sample_rate=32_000)


def test_a_file_is_empty_only_if_every_decoder_finds_nothing(monkeypatch):
    from panns.audio.decoding.soundfile_reader import SoundFileReader

    monkeypatch.setattr(SoundFileReader, "blocks", lambda _self: iter(()))
    assert len(load_sound(sound_file("mp3"), sample_rate=44_100)) == 88_200


def test_format_detection_ignores_the_file_extension(tmp_path):
    path = tmp_path / "clip.txt"  # a wrong name changes nothing
    path.write_bytes(sound_file("mp4_video"))
    assert peak_hz(load_sound(path, sample_rate=32_000), 32_000) == pytest.approx(TONE_HZ, abs=1)


@pytest.mark.parametrize("size", [0, 2**31 - 1, 2**31 - 4096, 2**31, 2**32 - 1])
def test_a_wav_from_a_pipe_is_read_to_the_end(size):
    wav = sound_file("wav")
    at = wav.index(b"data") + 4
    streamed = wav[:at] + size.to_bytes(4, "little") + wav[at + 4 :]
    with open_sound(streamed, sample_rate=44_100) as stream:
        assert sum(len(block) for block in stream) == 88_200
    assert stream.warnings == ()
    assert stream.declared_duration_s is None


def test_a_flac_from_a_pipe_is_read_to_the_end():
    flac = bytearray(sound_file("flac"))
    flac[21] &= 0xF0
    flac[22:26] = bytes(4)
    with open_sound(bytes(flac), sample_rate=44_100) as stream:
        assert sum(len(block) for block in stream) == 88_200
    assert stream.warnings == ()


@pytest.mark.parametrize("name", ["ogg", "opus", "mp3", "aac", "flac"])
def test_chained_streams_are_read_to_the_end(name):
    waveform = load_sound(sound_file(name) * 2, sample_rate=32_000)
    assert len(waveform) / 32_000 == pytest.approx(4.0, abs=2 * _CODER_DELAY_S)


def test_vbr_mp3_without_index_is_read_to_the_end():
    import io

    import soundfile

    def frames(samples):
        file = io.BytesIO()
        soundfile.write(file, samples, 44_100, format="MP3", subtype="MPEG_LAYER_III", bitrate_mode="VARIABLE")
        data = file.getvalue()
        return data[data.index(b"\xff\xfb", data.index(b"Xing")) :]

    noise = np.random.default_rng(0).standard_normal(441_000).astype(np.float32) * 0.2
    waveform = load_sound(frames(noise) + frames(np.zeros(441_000, np.float32)), sample_rate=32_000)
    assert len(waveform) / 32_000 == pytest.approx(20.0, abs=_CODER_DELAY_S)


@pytest.mark.parametrize("name", ["flac", "aac", "mp3"])
def test_a_tag_in_front_is_skipped(name):
    tag = b"ID3\x04\x00\x00\x00\x00\x10\x14" + bytes(20 + 16 * 128)
    assert len(load_sound(tag + sound_file(name), sample_rate=32_000)) / 32_000 == pytest.approx(2, abs=_CODER_DELAY_S)


def test_a_change_of_sample_rate_keeps_time_and_pitch():
    other = with_av(tone(2.0, sample_rate=22_050, n_channels=1), 22_050, "adts", "aac")
    waveform = load_sound(sound_file("aac") + other, sample_rate=32_000)
    assert len(waveform) / 32_000 == pytest.approx(4.0, abs=0.3)
    assert peak_hz(waveform[:60_000], 32_000) == pytest.approx(TONE_HZ, abs=1)
    assert peak_hz(waveform[-60_000:], 32_000) == pytest.approx(TONE_HZ, abs=1)
