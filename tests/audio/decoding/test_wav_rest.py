"""A WAV whose header declares less than the file holds: more sound is read, with a warning; other bytes are not."""

import struct

import numpy as np
import pytest

from panns.audio import open_sound
from panns.errors import AudioDecodeError
from tests.audio.decoding.encoded_sounds import tone, with_soundfile

_RATE = 16_000
_TEXT = b"The quick brown fox jumps over the lazy dog. " * 2_000
_LIST = b"LIST" + struct.pack("<I", 20) + b"INFOISFT" + struct.pack("<I", 8) + b"recorder"


def _wav(samples, coding="PCM_16", container="WAV"):
    return with_soundfile(samples, _RATE, container, coding)


def _with_size(wav, n_bytes):
    at = wav.index(b"data") + 4
    return wav[:at] + struct.pack("<I", n_bytes) + wav[at + 4 :]


def _samples_of(wav):
    return wav[wav.index(b"data") + 8 :]


def _read(data):
    with open_sound(data, sample_rate=None) as sound:
        waveform = np.concatenate(list(sound))
    return waveform, sound.warnings


def _rain(seconds):
    noise = np.random.default_rng(0).standard_normal((round(seconds * _RATE), 2))
    return (0.05 * noise).astype(np.float32)


@pytest.mark.parametrize("coding", ["PCM_16", "PCM_24", "PCM_32", "PCM_U8", "FLOAT"])
@pytest.mark.parametrize("make", [tone, _rain])
def test_sound_after_a_stale_size_is_read(make, coding):
    samples = tone(4.0, sample_rate=_RATE) if make is tone else _rain(4.0)
    wav = _wav(samples, coding)
    stale = _with_size(wav, len(_samples_of(wav)) // 4)
    waveform, warnings = _read(stale)
    assert np.abs(waveform - samples.mean(axis=1)).max() < 0.01
    assert warnings == ("the header declares 1.00 s, but 4.00 s of sound are there; all are read",)


def test_a_stale_size_of_rf64_is_corrected():
    samples = tone(4.0, sample_rate=_RATE)
    wav = bytearray(_wav(samples, container="RF64"))
    at = wav.index(b"ds64") + 16
    wav[at : at + 8] = struct.pack("<Q", 4 * _RATE)
    waveform, warnings = _read(bytes(wav))
    assert len(waveform) == len(samples)
    assert warnings[0].startswith("the header declares 1.00 s")


@pytest.mark.parametrize("between", [b"", _LIST])
@pytest.mark.parametrize("n_chunks", [2, 3])
@pytest.mark.parametrize("coding", ["PCM_16", "PCM_24", "PCM_U8"])
def test_several_chunks_of_sound_are_joined(n_chunks, between, coding):
    samples = tone(1.0, sample_rate=_RATE)[: _RATE - 1]  # chunks of odd size are padded
    wav = _wav(samples[:, :1], coding)
    n_bytes = len(samples) * {"PCM_16": 2, "PCM_24": 3, "PCM_U8": 1}[coding]
    chunk = b"data" + struct.pack("<I", n_bytes) + _samples_of(wav)[:n_bytes] + bytes(n_bytes & 1)
    wav = wav[: wav.index(b"data")] + chunk + (between + chunk) * (n_chunks - 1) + _LIST
    waveform, warnings = _read(wav)
    assert np.abs(waveform - np.tile(samples[:, 0], n_chunks)).max() < 0.01
    assert warnings == (f"the sound is in {n_chunks} chunks; all are read",)


@pytest.mark.parametrize("rest", [_TEXT, np.random.default_rng(0).bytes(100_000)])
def test_other_bytes_after_the_sound_are_left_out(rest):
    samples = tone(1.0, sample_rate=_RATE)
    waveform, warnings = _read(_wav(samples) + rest)
    assert len(waveform) == len(samples)
    assert warnings == (f"{len(rest):,} bytes follow the sound and are not clearly sound; they are left out",)


def test_bytes_that_are_no_floats_are_left_out():
    wav = _wav(tone(1.0, sample_rate=_RATE), "FLOAT")
    assert "not clearly sound" in _read(wav + b"\x01\x00\xa0\x7f" * 10_000)[1][0]  # signalling NaN


@pytest.mark.parametrize("rest", [_LIST, _LIST * 1_000, bytes(100_000), b"ID3\x04" + bytes(9_000), b"x" * 100])
def test_chunks_tags_and_padding_give_no_warning(rest):
    samples = tone(1.0, sample_rate=_RATE)
    waveform, warnings = _read(_wav(samples) + rest)
    assert len(waveform) == len(samples)
    assert warnings == ()


@pytest.mark.parametrize("rest", [_TEXT, _LIST * 1_000, np.random.default_rng(0).bytes(100_000)])
def test_an_empty_wav_is_empty_whatever_follows(rest):
    with pytest.raises(AudioDecodeError, match="holds no sound, 0 samples"):
        _read(_with_size(_wav(tone(1.0, sample_rate=_RATE)[:0]), 0) + rest)


def test_an_empty_chunk_before_the_sound():
    samples = tone(1.0, sample_rate=_RATE)
    wav = _wav(samples)
    at = wav.index(b"data")
    waveform, warnings = _read(wav[:at] + b"data" + bytes(4) + wav[at:])
    assert len(waveform) == len(samples)
    assert warnings == ("the sound is in 2 chunks; all are read",)
