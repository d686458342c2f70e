import re
from dataclasses import replace

import librosa
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from panns.frontend import LogMelConfig, fft_window, log_mel, mel_bin_range, mel_filters
from panns.models import find_model, list_models
from tests.hypothesis_examples import examples

KALDI = find_model("mn10_as").config.frontend
HTK = find_model("ced_tiny").config.frontend
SMALL = LogMelConfig(
    sample_rate=8_000, n_fft=256, window_samples=256, hop_samples=80, n_mels=16, f_min_hz=50, f_max_hz=4_000
)
SMALL_KALDI = replace(
    KALDI, sample_rate=8_000, n_fft=256, window_samples=200, hop_samples=80, n_mels=16, f_max_hz=3_800
)
CONFIGS = {config for entry in list_models() if (config := entry.config.frontend.log_mel) is not None}
PANNS = sorted((config for config in CONFIGS if config.mel_scale == "slaney"), key=repr)


def noise(n_samples, seed=0):
    return np.random.default_rng(seed).uniform(-0.5, 0.5, n_samples).astype(np.float32)


def tones(config, n_samples):
    """Over noise at -31 dB, since without it most bands hold nothing but the rounding of float32."""
    t = np.arange(n_samples) / config.sample_rate
    loud = 0.05 * np.sin(2 * np.pi * 440 * t) + 0.03 * np.sin(2 * np.pi * 1_234.5 * t)
    return loud.astype(np.float32) + np.float32(0.1) * noise(n_samples)


def describe(config):
    return f"{config.sample_rate}Hz-{config.n_mels}mels-{config.mel_scale}"


def librosa_log_mel(waveform, config):
    """In float64, which librosa keeps where it is given."""
    is_causal = config.alignment == "causal"
    if is_causal:
        waveform = np.pad(waveform, (config.n_overlap, -len(waveform) % config.hop_samples))
    mel = librosa.feature.melspectrogram(
        y=np.float64(waveform),
        sr=config.sample_rate,
        n_fft=config.n_fft,
        win_length=config.window_samples,
        hop_length=config.hop_samples,
        center=not is_causal,
        pad_mode="reflect",
        power=2.0,
        n_mels=config.n_mels,
        fmin=config.f_min_hz,
        fmax=config.f_max_hz,
        dtype=np.float64,
    )
    return librosa.power_to_db(mel, ref=1.0, amin=1e-10, top_db=None).T


def kaldi_log_mel(waveform):
    """EfficientAT's front end in float64, written down from its description alone: band by band, bin by bin."""
    x = np.float64(waveform)
    x = x[1:] - 0.97 * x[:-1]
    padded = np.pad(x, 512, mode="reflect")
    hann = 0.5 * (1 - np.cos(2 * np.pi * np.arange(800) / 799))
    window = np.concatenate([np.zeros(112), hann, np.zeros(112)])
    n_frames = 1 + len(x) // 320
    frames = np.stack([padded[320 * i : 320 * i + 1024] * window for i in range(n_frames)])
    power = np.abs(np.fft.rfft(frames)) ** 2

    def mel_of(hz):
        return 1127 * np.log(1 + hz / 700)

    step = mel_of(15_000) / 129
    mel = np.zeros((n_frames, 128))
    for band in range(128):
        for k in range(512):  # the Nyquist bin, 512, is left out
            height = 1 - abs(mel_of(k * 32_000 / 1024) - (band + 1) * step) / step
            if height > 0:
                mel[:, band] += height * power[:, k]
    return (np.log(mel + 1e-5) + 4.5) / 5


@pytest.mark.slow
@pytest.mark.parametrize("config", [*PANNS, replace(SMALL, window_samples=200)], ids=describe)
@pytest.mark.parametrize("sound", ["noise", "tones"])
def test_equals_librosa(config, sound):
    n_samples = config.sample_rate + 77
    waveform = noise(n_samples) if sound == "noise" else tones(config, n_samples)
    difference = np.abs(log_mel(waveform, config) - librosa_log_mel(waveform, config))
    assert difference.max() <= 5e-4
    assert np.quantile(difference, 0.999) <= 1.5e-4


def test_kaldi_log_mel_equals_its_definition():
    for waveform in (noise(16_123), tones(KALDI, 16_123)):
        ours, expected = log_mel(waveform, KALDI), kaldi_log_mel(waveform)
        assert ours.shape == expected.shape == (51, 128)
        assert np.abs(ours - expected).max() <= 1e-4


GOLDEN = [("Cnn14", "1s"), ("Cnn14", "2.5s"), ("Cnn14", "10s"), ("Cnn14_16k", "1s"), ("Cnn14_8k", "1s")]


@pytest.mark.parametrize(("model", "length"), [*GOLDEN, ("Cnn14_mel32", "1s")])
def test_equals_the_original_panns(shared, model, length):
    difference = np.abs(ours_and_golden(shared, model, length)[1])
    assert difference.max() <= 5e-4
    assert np.quantile(difference, 0.999) <= 1.5e-4


@pytest.mark.slow
@pytest.mark.slow
def test_equals_the_original_panns_with_128_bands(shared):
    waveforms, difference = ours_and_golden(shared, "Cnn14_mel128", "1s")
    config = find_model("cnn14_mel128").config.frontend
    exact = np.stack([librosa_log_mel(waveform, config) for waveform in waveforms])
    assert np.abs(log_mel(waveforms, config) - exact).max() <= 5e-4
    # In a narrow quiet band the original's own float32 convolutions are 1.4e-3 dB off; ours are 1.3e-4.
    assert np.quantile(np.abs(difference), 0.999) <= 1.5e-4
    assert np.abs(difference).max() <= 2e-3


def ours_and_golden(shared, model, length):
    config = find_model(model.lower()).config.frontend
    waveforms = golden_waveforms(shared, f"{length}_{config.sample_rate}")
    with np.load(shared / f"reference/golden/{model}.npz") as golden:
        expected = golden[f"{length}/logmel"]
    ours = log_mel(waveforms, config)
    assert ours.shape == expected.shape
    return waveforms, ours - expected


def golden_waveforms(shared, key):
    with np.load(shared / "reference/golden/waveforms.npz") as stored:
        return stored[key] / np.float32(32768)


def test_equals_the_original_efficientat(shared):
    with np.load(shared / "reference/efficientat/mn04_as_real_weights.npz") as golden:
        expected = golden["1s_32000:logmel"].transpose(0, 2, 1)
    ours = log_mel(golden_waveforms(shared, "1s_32000"), KALDI)
    # The original itself is 1.0e-4 from a float64 computation, ours 1.8e-5.
    assert np.abs(ours - expected).max() <= 2e-4


def test_equals_the_original_ced(shared):
    with np.load(shared / "reference/ced/ced_tiny.npz") as golden:
        expected = golden["1s_16000:logmel"].transpose(0, 2, 1)
    difference = np.abs(log_mel(golden_waveforms(shared, "1s_16000"), HTK) - expected)
    # The original itself is 4.2e-4 dB from a float64 computation, ours 1.1e-4.
    assert difference.max() <= 5e-4
    assert np.quantile(difference, 0.999) <= 2.5e-4


def test_range_db_is_relative_to_the_maximum_of_a_clip():
    loud = np.concatenate([noise(4_000), np.zeros(4_000, np.float32)])
    whole = log_mel(np.stack([loud, 0.01 * loud]), SMALL)
    limited = log_mel(np.stack([loud, 0.01 * loud]), replace(SMALL, range_db=50.0))
    peaks = whole.max(axis=(1, 2), keepdims=True)
    assert np.allclose(peaks[0] - peaks[1], 40.0, atol=1e-4)
    assert np.array_equal(limited, np.maximum(whole, peaks - np.float32(50)))
    assert np.allclose(limited.min(axis=(1, 2)), peaks[:, 0, 0] - 50)


def test_silence_is_within_any_range():
    silence = np.zeros(4_000, np.float32)
    assert np.all(log_mel(silence, replace(SMALL, range_db=50.0)) == -100.0)


@pytest.mark.parametrize("config", PANNS, ids=describe)
def test_silence_is_exactly_minus_100_db(config):
    assert np.all(log_mel(np.zeros(config.sample_rate, np.float32), config) == -100.0)


def test_silence_of_the_kaldi_log_mel():
    expected = np.float32((np.log(1e-5) + 4.5) / 5)
    assert np.allclose(log_mel(np.zeros(32_000, np.float32), KALDI), expected, atol=1e-6)


def test_ten_times_the_amplitude_is_20_db_more():
    quiet = noise(4_000)
    assert np.allclose(log_mel(10 * quiet, SMALL) - log_mel(quiet, SMALL), 20.0, atol=1e-4)


def test_a_click_is_in_the_frames_that_cover_it():
    click = np.zeros(4_000, np.float32)
    click[2_000] = 1.0
    frames = np.flatnonzero((log_mel(click, SMALL) > -100).all(axis=1))
    # Frame i covers 80 i - 128 to 80 i + 128, and the window is zero at its first sample.
    assert frames.tolist() == [i for i in range(51) if abs(80 * i - 2_000) < 128]


@settings(max_examples=examples(60))
@given(n_samples=st.integers(1, 3_000), config=st.sampled_from([SMALL, SMALL_KALDI]))
def test_frame_count_is_what_is_computed(n_samples, config):
    if n_samples < config.min_samples:
        with pytest.raises(ValueError, match=f"needs at least {config.min_samples}"):
            log_mel(np.zeros(n_samples, np.float32), config)
    else:
        assert log_mel(np.zeros(n_samples, np.float32), config).shape == (config.n_frames(n_samples), config.n_mels)


@given(n_frames=st.integers(1, 10_000), config=st.sampled_from([SMALL, SMALL_KALDI, LogMelConfig(), KALDI]))
def test_samples_for_is_the_inverse_of_n_frames(n_frames, config):
    n_samples = config.samples_for(n_frames)
    assert n_samples >= config.min_samples
    assert config.n_frames(n_samples) >= n_frames
    assert n_samples == config.min_samples or config.n_frames(n_samples - 1) == n_frames - 1


@pytest.mark.parametrize(
    ("config", "n_samples", "n_frames"),
    [(LogMelConfig(), 32_000, 101), (LogMelConfig(), 31_999, 100), (KALDI, 32_000, 100), (KALDI, 32_001, 101)],
)
def test_frame_counts_by_hand(config, n_samples, n_frames):
    assert config.n_frames(n_samples) == n_frames


def test_times_by_hand():
    assert LogMelConfig().hop_s == 0.01
    assert LogMelConfig().min_samples == 513
    assert KALDI.min_samples == 514


@pytest.mark.parametrize("config", [SMALL, SMALL_KALDI], ids=describe)
def test_batch_equals_single(config):
    batch = np.stack([noise(9_000, seed) for seed in range(3)])
    together = log_mel(batch, config)
    assert together.dtype == np.float32
    for row, waveform in zip(together, batch, strict=True):
        assert np.array_equal(row, log_mel(waveform, config))


def test_the_waveform_is_left_as_it_was():
    waveform = noise(4_000)
    for config in (SMALL, SMALL_KALDI):
        log_mel(waveform, config)
    assert np.array_equal(waveform, noise(4_000))


@pytest.mark.parametrize("config", [SMALL, SMALL_KALDI], ids=describe)
def test_too_short_a_waveform_is_refused(config):
    shortest = np.ones(config.min_samples, np.float32)
    assert len(log_mel(shortest, config)) >= 1
    message = f"{config.min_samples - 1} samples given; n_fft=256 needs at least {config.min_samples}"
    with pytest.raises(ValueError, match=re.escape(message)):
        log_mel(shortest[1:], config)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"n_fft": 1023}, "n_fft=1023 must be an even number of samples"),
        ({"n_fft": 0}, "n_fft=0 must be an even number of samples"),
        ({"window_samples": 1025}, "window_samples=1025 must be 1 to n_fft=1024"),
        ({"window_samples": 0}, "window_samples=0 must be 1 to n_fft=1024"),
        ({"hop_samples": 0}, "hop_samples=0 and n_mels=64 must be at least 1"),
        ({"n_mels": 0}, "hop_samples=320 and n_mels=0 must be at least 1"),
        ({"f_max_hz": 16_001.0}, "0 <= f_min_hz < f_max_hz <= 16000 Hz, half of sample_rate=32000"),
        ({"f_min_hz": 14_000.0}, "f_min_hz=14000.0 and f_max_hz=14000.0 must satisfy"),
        ({"f_min_hz": -1.0}, "f_min_hz=-1.0"),
        ({"f_max_hz": float("nan")}, "f_max_hz=nan"),
        ({"sample_rate": 0}, "half of sample_rate=0"),
        ({"log_floor": 0.0}, "log_floor=0.0 must be above 0"),
        ({"log_floor": float("nan")}, "log_floor=nan must be above 0"),
        ({"range_db": 0.0}, "range_db=0.0 must be above 0 and goes with log='db', not 'db'"),
        ({"range_db": 80.0, "log": "ln"}, "range_db=80.0 must be above 0 and goes with log='db', not 'ln'"),
        ({"window": "symmetric", "window_samples": 2}, "window_samples=2 makes a symmetric window of zeros"),
    ],
)
def test_invalid_settings_are_refused(wrong, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        replace(LogMelConfig(), **wrong)


@pytest.mark.slow
@pytest.mark.parametrize("config", PANNS, ids=describe)
def test_slaney_filters_equal_librosas(config):
    expected = librosa.filters.mel(
        sr=config.sample_rate,
        n_fft=config.n_fft,
        n_mels=config.n_mels,
        fmin=config.f_min_hz,
        fmax=config.f_max_hz,
        dtype=np.float64,
    )
    assert np.abs(mel_filters(config) - expected.T).max() <= 1e-8


@pytest.mark.slow
@pytest.mark.parametrize("config", [HTK, replace(HTK, n_mels=23, f_min_hz=64.0, f_max_hz=7_500.0)], ids=describe)
def test_htk_filters_equal_librosas(config):
    expected = librosa.filters.mel(
        sr=config.sample_rate,
        n_fft=config.n_fft,
        n_mels=config.n_mels,
        fmin=config.f_min_hz,
        fmax=config.f_max_hz,
        htk=True,
        norm=None,
        dtype=np.float64,
    )
    assert np.abs(mel_filters(config) - expected.T).max() <= 1e-7  # rounded to float32, heights up to 1


def test_slaney_bands_have_unit_area():
    # Bins of 1 Hz, so that the sum over bins is the integral over Hz, exactly but for the corners of the triangles.
    config = LogMelConfig(n_fft=32_000, n_mels=32)
    assert np.allclose(mel_filters(config).sum(axis=0), 1.0, atol=1e-3)


def test_kaldi_bands_share_every_bin_between_two():
    # Neighbouring triangles of height 1 add up to 1 between the centres of the first and the last band.
    filters = mel_filters(KALDI)
    centres_hz = 700 * np.expm1(np.array([1, 128]) * np.log1p(15_000 / 700) / 129)
    bins_hz = np.arange(513) * 31.25
    inside = (bins_hz >= centres_hz[0]) & (bins_hz <= centres_hz[1])
    assert np.allclose(filters[inside].sum(axis=1), 1.0, atol=1e-6)
    assert filters.max() <= 1.0


@pytest.mark.parametrize("config", [*PANNS, KALDI], ids=describe)
def test_filters_end_at_their_edges(config):
    bins_hz = np.arange(config.n_fft // 2 + 1) * config.sample_rate / config.n_fft
    outside = (bins_hz <= config.f_min_hz) | (bins_hz >= config.f_max_hz)
    filters = mel_filters(config)
    # Half the sample rate, as an edge, comes back from the mel scale with the rounding of float64.
    assert np.all(filters[outside] <= 1e-12)
    assert np.all(filters >= 0)
    low, high = mel_bin_range(config)
    assert filters[low].any()
    assert filters[high - 1].any()
    assert not filters[:low].any()
    assert not filters[high:].any()


def test_kaldi_leaves_the_nyquist_bin_out():
    below = replace(KALDI, f_max_hz=16_000.0, n_mels=8)
    assert not mel_filters(below)[-1].any()
    assert mel_filters(below)[-2].any()


def test_windows_by_hand():
    config = LogMelConfig(
        sample_rate=8_000, n_fft=8, window_samples=4, hop_samples=1, n_mels=1, f_min_hz=0, f_max_hz=4_000
    )
    assert np.allclose(fft_window(config), [0, 0, 0, 0.5, 1, 0.5, 0, 0])
    assert np.allclose(fft_window(replace(config, window="symmetric")), [0, 0, 0, 0.75, 0.75, 0, 0, 0])


@pytest.mark.parametrize("make", [fft_window, mel_filters])
def test_shared_arrays_cannot_be_written_to(make):
    array = make(SMALL)
    assert array.dtype == np.float32
    with pytest.raises(ValueError, match="read-only"):
        array[0] = 1
