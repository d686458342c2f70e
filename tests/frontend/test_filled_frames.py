"""Whole frames with zeros after the end, and log-mels of the magnitude, as YAMNet uses them."""

import re
from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from panns.frontend import LogMelConfig, log_mel
from panns.models.yamnet import YAMNET_LOGMEL
from panns.networks.frontend import LogMel
from tests.sounds import changing_sound

SMALL = replace(YAMNET_LOGMEL, fill=(5, 3))


def mel_of(hz):
    return 1127 * np.log(1 + hz / 700)


def defined(waveform):
    """The log-mel in float64, from the description in tensorflow/models alone."""
    window = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(400) / 400)
    step = (mel_of(7_500) - mel_of(125)) / 65
    centres = mel_of(125) + step * np.arange(1, 65)
    heights = np.maximum(0, 1 - np.abs(mel_of(np.arange(257) * 31.25)[:, None] - centres) / step)
    starts = range(0, len(waveform) - 399, 160)
    frames = np.stack([np.float64(waveform[start : start + 400]) * window for start in starts])
    return np.log(np.abs(np.fft.rfft(frames, 512)) @ heights + 0.001)


@pytest.mark.parametrize(("n_samples", "n_frames"), [(1, 96), (15_600, 96), (15_601, 144), (40_000, 288)])
def test_equals_its_definition(n_samples, n_frames):
    waveform = changing_sound(3)[:n_samples].astype(np.float32)
    n_filled = 400 + 160 * (n_frames - 1)
    expected = defined(np.pad(waveform, (0, n_filled - n_samples)))
    ours = log_mel(waveform, YAMNET_LOGMEL)
    assert YAMNET_LOGMEL.n_frames(n_samples) == n_frames
    assert YAMNET_LOGMEL.filled(n_samples) == n_filled
    assert ours.shape == expected.shape == (n_frames, 64)
    assert np.abs(ours - expected).max() <= 1e-3
    assert np.abs(LogMel(YAMNET_LOGMEL)(torch.from_numpy(waveform[None]))[0].numpy() - expected).max() <= 2e-3


def test_equals_its_definition_in_an_exported_graph(monkeypatch):
    monkeypatch.setattr(torch.compiler, "is_exporting", lambda: True)
    waveform = changing_sound(3)[:15_600].astype(np.float32)
    assert np.abs(LogMel(YAMNET_LOGMEL)(torch.from_numpy(waveform[None]))[0].numpy() - defined(waveform)).max() <= 2e-3


@given(st.integers(1, 3_000))
def test_zeros_complete_whole_steps(n_samples):
    n_frames = SMALL.n_frames(n_samples)
    assert n_frames >= 5
    assert (n_frames - 5) % 3 == 0
    assert 0 <= SMALL.filled(n_samples) - n_samples < (3 * 160 if n_frames > 5 else 1_040)
    assert SMALL.filled(SMALL.filled(n_samples)) == SMALL.filled(n_samples)
    assert SMALL.samples_for(n_frames) <= n_samples
    assert SMALL.n_frames(SMALL.samples_for(n_frames)) == n_frames


def test_the_gradient_of_silence_is_finite():
    waveform = torch.zeros(1, 2_000, requires_grad=True)
    LogMel(SMALL)(waveform).sum().backward()
    assert waveform.grad.isfinite().all()


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"fill": (0, 1)}, "fill=(0, 1) must be a number of frames and a step"),
        ({"fill": (1,)}, "fill=(1,)"),
        ({"alignment": "centred"}, "needs alignment='whole'"),
        ({"pre_emphasis": 0.97}, "without pre-emphasis of the waveform"),
    ],
)
def test_wrong_settings_are_refused(settings, words):
    with pytest.raises(ValueError, match=re.escape(words)):
        replace(YAMNET_LOGMEL, **settings)


def test_defaults_are_unchanged():
    assert (LogMelConfig().fill, LogMelConfig().spectrum) == (None, "power")
