"""Samples of every sample format of FFmpeg."""

import numpy as np
import pytest

from panns.audio import load_sound
from panns.audio.decoding.media_frames import frame_to_float32
from tests.audio.decoding.encoded_sounds import tone, with_av

_FORMATS = ("u8", "s16", "s32", "s64", "flt", "dbl")


@pytest.mark.parametrize("layout", ["mono", "3.0", "7.1"])
@pytest.mark.parametrize("name", [*_FORMATS, *(f"{name}p" for name in _FORMATS)])
def test_every_sample_format_of_ffmpeg_is_read(name, layout):
    import av

    frame = av.AudioFrame(format=name, layout=layout, samples=64)
    frame.sample_rate = 8_000
    samples = frame_to_float32(frame)
    assert samples.shape == (64, frame.layout.nb_channels)
    assert samples.dtype == np.float32


@pytest.mark.parametrize("codec", ["pcm_s64le", "pcm_s64be", "pcm_f64le", "pcm_s32le", "pcm_u8", "pcm_s16le"])
@pytest.mark.parametrize("n_channels", [1, 6])
def test_samples_of_every_width_are_scaled_to_one(codec, n_channels):
    samples = tone(0.2, sample_rate=8_000, n_channels=n_channels)
    container = "nut" if codec.endswith("be") else "mov" if codec == "pcm_f64le" else "wav"
    read = load_sound(with_av(samples, 8_000, container, codec), sample_rate=8_000)
    assert np.abs(read - samples.mean(axis=1)).max() < (0.01 if codec == "pcm_u8" else 1e-4)
