from __future__ import annotations

import io

import numpy as np
import pytest
import soundfile
from hypothesis import given
from hypothesis import strategies as st

from panns.audio import load_sound
from panns.data.shards.pcm16 import decode_wav, encode
from panns.errors import AudioDecodeError
from tests.sounds import tone

CODINGS = ["wav", "flac"]


def decoded(data, gain, rate=8_000):
    return load_sound(data, sample_rate=rate) * np.float32(gain)


@pytest.mark.parametrize("coding", CODINGS)
@given(samples=st.lists(st.integers(-(2**15), 2**15 - 1), min_size=1, max_size=50))
def test_16_bit_original_is_preserved(coding, samples):
    waveform = np.array(samples, np.float32) / 32_768
    data, gain = encode(waveform, 8_000, coding)
    np.testing.assert_array_equal(decoded(data, gain), waveform)


@pytest.mark.parametrize("coding", CODINGS)
@pytest.mark.parametrize("level", [1e-4, 0.01, 0.3, 1.0, 1.2, 700.0])
def test_sounds_of_any_level_keep_at_least_nine_bits(coding, level):
    waveform = tone(0.1, sample_rate=8_000) / np.float32(0.3) * np.float32(level)
    data, gain = encode(waveform, 8_000, coding)
    assert np.abs(decoded(data, gain) - waveform).max() <= level * 2**-9


def test_sound_within_full_scale_keeps_its_level():
    waveform = np.array([0.5, -1.0, 1.0], np.float32)
    data, gain = encode(waveform, 8_000, "wav")
    assert gain == 1
    assert soundfile.read(io.BytesIO(data), dtype="int16")[0].tolist() == [16_384, -32_768, 32_767]


def test_loud_sound_is_not_clipped():
    data, gain = encode(np.array([1.5, -0.75], np.float32), 8_000, "wav")
    assert gain == 2
    assert decoded(data, gain).tolist() == [1.5, -0.75]


def test_silence_has_no_gain():
    assert encode(np.zeros(4, np.float32), 8_000, "wav")[1] == 1


@given(st.lists(st.floats(-4, 4, width=32), min_size=1, max_size=50))
def test_fast_path_equals_the_decoder(samples):
    data, gain = encode(np.array(samples, np.float32), 8_000, "wav")
    found = decode_wav(memoryview(data), 8_000, gain)
    np.testing.assert_array_equal(found, decoded(data, gain))
    found += 1  # the caller may write to it


def test_fast_path_takes_one_layout_only():
    data, gain = encode(tone(0.1, sample_rate=8_000), 8_000, "wav")
    assert decode_wav(data, 16_000, gain) is None
    assert decode_wav(data[:-2], 8_000, gain) is None
    assert decode_wav(data + b"LIST", 8_000, gain) is None
    assert decode_wav(data[:44], 8_000, gain) is None
    assert decode_wav(encode(tone(0.1, sample_rate=8_000), 8_000, "flac")[0], 8_000, gain) is None


def test_too_high_rate_and_too_long_sound_are_refused():
    with pytest.raises(AudioDecodeError, match="700000 Hz exceed the 655350 Hz"):
        encode(np.zeros(4, np.float32), 700_000, "flac")
    endless = np.broadcast_to(np.float32(0.5), 2**31)
    with pytest.raises(AudioDecodeError, match="268,435 s"):
        encode(endless, 8_000, "wav")
