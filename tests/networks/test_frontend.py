from dataclasses import replace

import numpy as np
import pytest
import torch

from panns.frontend import LogMelConfig, log_mel
from panns.models import list_models
from panns.networks.frontend import LogMel, pad_to_min

CONFIGS = sorted({config for entry in list_models() if (config := entry.config.frontend.log_mel) is not None}, key=repr)
SMALL = LogMelConfig(
    sample_rate=8_000, n_fft=256, window_samples=200, hop_samples=80, n_mels=16, f_min_hz=50, f_max_hz=4_000
)
# Two float32 computations of one spectrum differ in the bands that are far below the loudest of their frame.
MAX_DIFFERENCE = 2e-4


def describe(config):
    return f"{config.sample_rate}Hz-{config.n_mels}mels-{config.mel_scale}"


def sounds(config):
    """Noise, tones over quieter noise (else most bands hold only rounding), and silence: `(3, samples)`."""
    n_samples = config.sample_rate + 77
    t = np.arange(n_samples) / config.sample_rate
    noise = np.random.default_rng(0).uniform(-0.5, 0.5, n_samples)
    tones = 0.05 * np.sin(2 * np.pi * 440 * t) + 0.03 * np.sin(2 * np.pi * 1_234.5 * t) + 0.1 * noise
    return np.stack([noise, tones, np.zeros(n_samples)]).astype(np.float32)


@pytest.fixture
def exporting(monkeypatch):
    """Output of the front end inside an exported graph."""
    monkeypatch.setattr(torch.compiler, "is_exporting", lambda: True)


@pytest.mark.parametrize("config", CONFIGS, ids=describe)
def test_equals_numpy(config):
    waveforms = sounds(config)
    ours = LogMel(config)(torch.tensor(waveforms))
    assert ours.dtype == torch.float32
    expected = log_mel(waveforms, config)
    assert ours.shape == expected.shape
    assert np.abs(ours.numpy() - expected).max() <= MAX_DIFFERENCE


@pytest.mark.parametrize("config", CONFIGS, ids=describe)
@pytest.mark.usefixtures("exporting")
def test_convolutions_equal_numpy(config):
    waveforms = sounds(config)
    ours = LogMel(config)(torch.tensor(waveforms))
    expected = log_mel(waveforms, config)
    assert ours.shape == expected.shape
    # The same bound as for the original PANNs, which compute in this way too.
    assert np.abs(ours.numpy() - expected).max() <= 5e-4


@pytest.mark.parametrize("config", [*CONFIGS, SMALL], ids=describe)
def test_mel_of_convolutions_equals_mel_of_ffts(config):
    frontend = LogMel(config)
    padded = torch.tensor(sounds(config))
    of_ffts, of_convolutions = frontend._mel_of_ffts(padded), frontend._mel_of_convolutions(padded)
    assert of_ffts.shape == of_convolutions.shape
    # In units of the loudest band of the clip; a sum of 1,024 products in float32 is less exact than an FFT.
    loudest = of_ffts.amax(dim=(1, 2), keepdim=True).clamp(min=1e-10)
    assert ((of_ffts - of_convolutions).abs() / loudest).max() <= 1e-5


@pytest.mark.parametrize("config", [SMALL, CONFIGS[0], CONFIGS[-1]], ids=describe)
def test_number_of_frames_equals_numpy(config):
    frontend = LogMel(config)
    for n_samples in (config.min_samples, config.min_samples + 1, 5 * config.hop_samples + config.n_fft):
        assert frontend(torch.zeros(1, n_samples)).shape == (1, config.n_frames(n_samples), config.n_mels)


def test_gradient_reaches_the_waveform():
    waveform = torch.tensor(sounds(SMALL)[:2], requires_grad=True)
    LogMel(SMALL)(waveform).sum().backward()
    # The first sample of all lies under the zero of the periodic window in some frames, but not in all.
    assert waveform.grad.isfinite().all()
    assert (waveform.grad != 0).float().mean() > 0.99


def test_gradient_equals_finite_differences():
    config = replace(SMALL, n_fft=16, window_samples=16, hop_samples=8, n_mels=2)
    frontend = LogMel(config)

    # In the linear domain and float64, since differences in float32 are too rough.
    def mel(padded):
        spectrum = torch.fft.rfft(padded.unfold(-1, 16, 8) * frontend.window.double())
        return (spectrum.abs() ** 2) @ frontend.filters.double()

    padded = torch.tensor(sounds(SMALL)[:1, :40])
    ours = torch.autograd.functional.jacobian(frontend._mel_of_ffts, padded)
    expected = torch.autograd.functional.jacobian(mel, padded.double())
    assert (ours - expected).abs().max() <= 1e-5


def test_silence_is_finite_and_has_a_finite_gradient():
    for config in CONFIGS:
        silence = torch.zeros(1, config.sample_rate // 4, requires_grad=True)
        features = LogMel(config)(silence)
        features.sum().backward()
        assert features.isfinite().all()
        assert silence.grad.isfinite().all()


@pytest.mark.parametrize("config", CONFIGS, ids=describe)
def test_autocast_keeps_float32(config):
    waveforms = torch.tensor(sounds(config))
    frontend = LogMel(config)
    expected = frontend(waveforms)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        ours = frontend(waveforms)
    assert ours.dtype == torch.float32
    assert torch.equal(ours, expected)


@pytest.mark.usefixtures("exporting")
def test_autocast_of_convolutions_takes_float32_logarithm():
    waveforms = torch.tensor(sounds(SMALL))
    with torch.autocast("cpu", dtype=torch.bfloat16):
        features = LogMel(SMALL)(waveforms)
    assert features.dtype == torch.float32
    assert features[2].min() == features[2].max() == pytest.approx(-100.0, abs=1e-5)


def test_half_precision_waveforms_use_float32():
    waveform = torch.tensor(sounds(SMALL)).bfloat16()
    assert torch.equal(LogMel(SMALL)(waveform), LogMel(SMALL)(waveform.float()))


def test_filters_are_not_in_the_state_dict():
    assert LogMel(SMALL).state_dict() == {}


@pytest.mark.parametrize(("n_samples", "n_padded"), [(1, 5), (4, 5), (5, 5), (6, 6)])
def test_short_waveforms_are_padded_to_the_minimum(n_samples, n_padded):
    padded = pad_to_min(torch.ones(2, n_samples), 5)
    assert padded.shape == (2, n_padded)
    assert padded[:, :n_samples].eq(1).all()
    assert padded[:, n_samples:].eq(0).all()
