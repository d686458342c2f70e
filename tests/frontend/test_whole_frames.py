"""Front ends of whole frames, among them Kaldi's filter bank as AST uses it."""

import re
from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from panns.frontend import log_mel, silence
from panns.models.spectrogram_transformer import KALDI_LOGMEL as AST
from panns.networks.frontend import LogMel

PLAIN = replace(AST, pre_emphasis=None, pre_emphasis_in="waveform", window="periodic")


def mel_of(hz):
    return 1127 * np.log(1 + hz / 700)


def defined(waveform):
    """The filter bank in float64, frame by frame and band by band, from the description of Kaldi's alone."""
    waveform = np.float64(waveform)
    window = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(400) / 399)
    step = (mel_of(8_000) - mel_of(20)) / 129
    rows = []
    for start in range(0, len(waveform) - 399, 160):
        frame = waveform[start : start + 400] - waveform[start : start + 400].mean()
        emphasised = np.append(0.03 * frame[0], frame[1:] - 0.97 * frame[:-1])
        power = np.abs(np.fft.rfft(emphasised * window, 512)) ** 2
        mel = np.zeros(128)
        for band in range(128):
            centre = mel_of(20) + (band + 1) * step
            heights = np.maximum(0, 1 - np.abs(mel_of(np.arange(256) * 31.25) - centre) / step)  # without Nyquist
            mel[band] = heights @ power[:256]
        rows.append((np.log(np.maximum(mel, 1.1920929e-07)) + 4.2677393) / (2 * 4.5689974))
    return np.array(rows)


def sound(n_samples=8_123, offset=0.0):
    rng = np.random.default_rng(0)
    tone = 0.3 * np.sin(2 * np.pi * 1_234.5 * np.arange(n_samples) / 16_000)
    return (tone + 0.1 * rng.uniform(-1, 1, n_samples) + offset).astype(np.float32)


@pytest.mark.parametrize("offset", [0.0, 0.5])
def test_equals_its_definition(offset):
    waveform = sound(offset=offset)
    expected = defined(waveform)
    ours = log_mel(waveform, AST)
    assert ours.shape == expected.shape == (49, 128)
    assert np.abs(ours - expected).max() <= 2e-4
    assert np.abs(LogMel(AST)(torch.from_numpy(waveform[None]))[0].numpy() - expected).max() <= 2e-4


def test_equals_its_definition_in_an_exported_graph(monkeypatch):
    monkeypatch.setattr(torch.compiler, "is_exporting", lambda: True)
    waveform = sound(offset=0.5)
    assert np.abs(LogMel(AST)(torch.from_numpy(waveform[None]))[0].numpy() - defined(waveform)).max() <= 4e-4


def test_equals_the_original_ast(shared):
    with np.load(shared / "reference/golden/waveforms.npz") as stored:
        waveforms = stored["1s_16000"] / np.float32(32768)
    with np.load(shared / "reference/ast/ast.npz") as golden:
        expected = golden["1s:input_values"]
    # The original, in float32, is 1.9e-4 from the definition; ours is 6e-5.
    assert np.abs(log_mel(waveforms, AST) - expected).max() <= 5e-4


def test_silence():
    expected = (np.log(1.1920929e-07) + 4.2677393) / (2 * 4.5689974)
    assert silence(AST) == pytest.approx(expected, abs=1e-6)
    assert silence(AST) == pytest.approx(-1.27759, abs=1e-5)
    assert np.all(log_mel(np.full(16_000, 0.25, np.float32), AST) == np.float32(silence(AST)))


@pytest.mark.parametrize(
    ("n_samples", "n_frames"), [(400, 1), (559, 1), (560, 2), (16_000, 98), (163_840, 1_022), (164_080, 1_024)]
)
def test_frame_counts_by_hand(n_samples, n_frames):
    assert AST.n_frames(n_samples) == n_frames
    assert log_mel(np.zeros(n_samples, np.float32), AST).shape == (n_frames, 128)


@given(n_frames=st.integers(1, 10_000), shortened=st.booleans())
def test_samples_for_is_the_inverse_of_n_frames(n_frames, shortened):
    config = replace(PLAIN, pre_emphasis=0.97) if shortened else AST
    n_samples = config.samples_for(n_frames)
    assert config.n_frames(n_samples) == n_frames
    assert config.n_frames(n_samples - 1) == n_frames - 1
    assert config.samples_for(1) == config.min_samples == 400 + shortened


@pytest.mark.parametrize("config", [PLAIN, replace(PLAIN, pre_emphasis=0.5), replace(PLAIN, window_samples=401)])
def test_torch_equals_numpy(config):
    waveform = sound(4_000)
    ours = log_mel(waveform, config)
    assert len(ours) == config.n_frames(4_000)
    assert np.abs(LogMel(config)(torch.from_numpy(waveform[None]))[0].numpy() - ours).max() <= 2e-4


def test_frames_start_at_multiples_of_the_hop():
    click = np.zeros(1_600, np.float32)
    click[800] = 1.0
    frames = np.flatnonzero((log_mel(click, PLAIN) > silence(PLAIN)).any(axis=1))
    # Frame k covers samples 160 k to 160 k + 399, and the window is zero at its first sample.
    assert frames.tolist() == [k for k in range(8) if 160 * k < 800 <= 160 * k + 399]


def test_too_short_a_waveform_is_refused():
    with pytest.raises(ValueError, match=re.escape("399 samples given; n_fft=512 needs at least 400")):
        log_mel(np.zeros(399, np.float32), AST)


@pytest.mark.parametrize("wrong", [{"alignment": "centred"}, {"pre_emphasis": None}])
def test_pre_emphasis_in_frames_needs_whole_frames(wrong):
    with pytest.raises(ValueError, match="pre_emphasis_in='frame' needs a pre_emphasis and alignment='whole'"):
        replace(AST, **wrong)
