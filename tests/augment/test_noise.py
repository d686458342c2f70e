from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from panns.augment.noise import add_noise, coloured_noise, layer_noise
from tests.hypothesis_examples import examples
from tests.sounds import noise, tone


@pytest.mark.parametrize("snr_db", [-10.0, 0.0, 20.0])
def test_the_ratio_is_that_of_the_powers(snr_db):
    sound, rustle = tone(1.0), noise(1.0, level=0.003)
    added = add_noise(sound, rustle, snr_db) - sound
    assert 10 * np.log10(0.045 / np.square(added).mean()) == pytest.approx(snr_db, abs=0.05)
    assert np.corrcoef(added, rustle)[0, 1] == pytest.approx(1.0, abs=1e-4)


def test_snr_ignores_silence_around_the_sound():
    sound, rustle = tone(1.0), noise(5.0)
    padded = np.concatenate([np.zeros(64_000, np.float32), sound, np.zeros(64_000, np.float32)])
    added = add_noise(padded, rustle, 10.0) - padded
    assert 10 * np.log10(0.045 / np.square(added).mean()) == pytest.approx(10.0, abs=0.1)


def test_snr_ignores_silence_in_the_noise():
    sound, burst = tone(5.0), np.zeros(160_000, np.float32)
    burst[64_000:96_000] = noise(1.0)
    added = (add_noise(sound, burst, 10.0) - sound)[64_000:96_000]
    assert 10 * np.log10(0.045 / np.square(added).mean()) == pytest.approx(10.0, abs=0.1)


@pytest.mark.parametrize(
    ("sound", "rustle"), [(np.zeros(4_000, np.float32), noise(0.125)), (tone(0.125), np.zeros(4_000))]
)
def test_nothing_has_a_ratio_to_silence(sound, rustle):
    noisy = add_noise(sound, rustle.astype(np.float32), 0.0)
    assert (noisy == sound).all()
    assert not np.shares_memory(noisy, sound)


def test_other_lengths_are_refused():
    with pytest.raises(ValueError, match="100 samples for a waveform of 200"):
        add_noise(np.ones(200, np.float32), np.ones(100, np.float32), 0.0)


def test_noise_layers_are_about_equally_loud():
    tones = [level * tone(0.5, hz=hz) for level, hz in ((0.001, 500), (1.0, 3_000), (0.1, 7_000))]
    pure = [one / np.linalg.norm(one) for one in tones]
    levels_db = set()
    for seed in range(20):
        layered = layer_noise([*tones, np.zeros_like(tones[0])], np.random.default_rng(seed))
        levels = [20 * np.log10(layered @ one / np.sqrt(len(one))) for one in pure]
        assert all(-6.1 < level < 6.1 for level in levels)
        levels_db |= {round(level) for level in levels}
    assert len(levels_db) > 8


def test_a_single_layer_stays_unchanged():
    rng = np.random.default_rng(0)
    assert layer_noise([0.001 * tone(0.1)], rng) == pytest.approx(0.001 * tone(0.1))
    assert not layer_noise([np.zeros(400, np.float32)] * 2, rng).any()


@pytest.mark.parametrize("exponent", [-1.0, 0.0, 1.0, 2.0])
def test_noise_has_the_given_spectrum(exponent):
    made = coloured_noise(320_000, exponent, 32_000, np.random.default_rng(0))
    power = np.square(np.abs(np.fft.rfft(made)))
    hz = np.fft.rfftfreq(len(made), 1 / 32_000)
    octaves = [power[(hz >= low) & (hz < 2 * low)].mean() for low in (100, 200, 400, 800, 1_600, 3_200, 6_400)]
    slope = np.polyfit(np.log2([100, 200, 400, 800, 1_600, 3_200, 6_400]), np.log2(octaves), 1)[0]
    assert slope == pytest.approx(-exponent, abs=0.05)
    assert power[hz < 19].sum() < 0.01 * power.sum()


@pytest.mark.parametrize("exponent", [-2.0, 0.0, 1.0, 2.0])
@pytest.mark.parametrize("n_samples", [30_000, 160_000])
def test_its_mean_square_is_about_one(n_samples, exponent):
    mean_squares = [
        np.square(coloured_noise(n_samples, exponent, 32_000, np.random.default_rng(seed))).mean() for seed in range(5)
    ]
    assert np.mean(mean_squares) == pytest.approx(1.0, rel=0.25)


@settings(max_examples=examples(30))
@given(st.integers(1, 5_000), st.floats(-4, 4), st.sampled_from([8_000, 32_000, 44_100]))
def test_every_length_works(n_samples, exponent, sample_rate):
    made = coloured_noise(n_samples, exponent, sample_rate, np.random.default_rng(0))
    assert made.shape == (n_samples,)
    assert made.dtype == np.float32
    assert np.isfinite(made).all()


def test_the_seed_decides():
    one, again, other = (coloured_noise(100, 1.0, 32_000, np.random.default_rng(seed)) for seed in (0, 0, 1))
    assert (one == again).all()
    assert (one != other).any()
