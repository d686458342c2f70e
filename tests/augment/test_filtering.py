from __future__ import annotations

import numpy as np
import pytest

from panns.augment.filtering import apply_filter, filter_frequencies_hz, high_pass_db, low_pass_db
from panns.augment.spectrum import colour_db
from tests.sounds import noise, tone

RATE = 32_000
HZ = filter_frequencies_hz(RATE)


def impulse_response(gains_db, onset=20_000, n_samples=60_000):
    impulse = np.zeros(n_samples, np.float32)
    impulse[onset] = 1
    return apply_filter(impulse, gains_db)


def measured_db(response, hz):
    """Gain at one frequency."""
    wave = np.exp(-2j * np.pi * hz / RATE * np.arange(len(response)))
    return 20 * np.log10(np.abs(np.vdot(wave.conj(), response)))


@pytest.mark.parametrize(
    ("gains_db", "expected"),
    [
        (low_pass_db(4_000.0, 24.0, HZ), {100: 0.0, 4_000: -3.0, 8_000: -24.0, 15_000: -45.8}),
        (high_pass_db(200.0, 12.0, HZ), {50: -24.1, 200: -3.0, 2_000: 0.0, 15_000: 0.0}),
        (
            colour_db(np.array([6.0, -6.0, 0.0, 3.0, -6.0]), HZ),
            {60: 6.0, 250: -6.0, 500: -3.0, 1_000: 0.0, 4_000: 3.0, 14_000: -6.0},
        ),
    ],
    ids=["low-pass", "high-pass", "colour"],
)
def test_gains_equal_the_settings(gains_db, expected):
    response = impulse_response(gains_db)
    for hz, gain_db in expected.items():
        assert measured_db(response, hz) == pytest.approx(gain_db, abs=0.5), hz


@pytest.mark.parametrize(
    "gains_db",
    [low_pass_db(3_500.0, 96.0, HZ), high_pass_db(50.0, 48.0, HZ), colour_db(np.array([6.0, -6, 6, -6, 6]), HZ)],
    ids=["low-pass", "high-pass", "colour"],
)
def test_filters_have_no_pre_echo_and_no_wraparound(gains_db):
    response = impulse_response(gains_db)
    assert np.abs(response[:20_000]).max() < 1e-6
    assert np.abs(response[20_000 : 20_000 + 320]).max() == np.abs(response).max()  # and it comes at once
    at_the_end = impulse_response(gains_db, onset=59_999)
    assert np.abs(at_the_end[:59_999]).max() < 1e-6


def test_flat_gains_change_nothing():
    sound = noise(0.5)
    assert apply_filter(sound, np.zeros_like(HZ)) == pytest.approx(sound, abs=1e-6)
    assert apply_filter(sound, np.full_like(HZ, 20.0)) == pytest.approx(10 * sound, abs=1e-5)


def test_gains_of_filters_in_series_add():
    sound = noise(0.5)
    one, two = low_pass_db(4_000.0, 12.0, HZ), high_pass_db(300.0, 12.0, HZ)
    assert apply_filter(sound, one + two) == pytest.approx(apply_filter(apply_filter(sound, one), two), abs=2e-4)


def test_steep_filters_stop_at_80_db_without_overflow():
    gains_db = low_pass_db(20.0, 96.0, HZ) + high_pass_db(15_000.0, 96.0, HZ)
    assert np.isfinite(gains_db).all()
    filtered = apply_filter(tone(1.0, hz=2_000), gains_db)
    assert 20 * np.log10(np.abs(filtered[20_000:]).max() / 0.3) == pytest.approx(-80, abs=1)


@pytest.mark.parametrize("sample_rate", [8_000, 16_000, 44_100, 48_000])
def test_filter_frequencies_reach_half_the_sample_rate(sample_rate):
    frequencies_hz = filter_frequencies_hz(sample_rate)
    assert frequencies_hz[0] == 0
    assert frequencies_hz[-1] == sample_rate / 2
    assert 0.2 <= 1 / frequencies_hz[1] < 0.4
