from __future__ import annotations

import numpy as np
import pytest

from panns.augment.spectrum import band_centres_hz, colour_db, colour_gains, draw_colour, low_pass_gains
from panns.frontend import LogMelConfig, log_mel


def test_a_tone_is_in_the_nearest_band():
    config = LogMelConfig()
    centres = band_centres_hz(config)
    assert (np.diff(centres) >= 0).all()
    for hz in (500.0, 2_000.0, 8_000.0):
        mel = log_mel(np.sin(2 * np.pi * hz * np.arange(32_000) / 32_000).astype(np.float32), config)
        assert abs(int(mel.mean(axis=0).argmax()) - int(np.abs(centres - hz).argmin())) <= 1


def test_gains_pass_through_the_knots_and_are_flat_outside():
    gains = colour_gains(np.array([3.0, 0.0, -3.0, 0.0, 6.0]), np.array([10.0, 60.0, 250.0, 500.0, 1_000.0, 16_000.0]))
    assert 10 * np.log10(gains) == pytest.approx([3.0, 3.0, 0.0, -1.5, -3.0, 6.0], abs=1e-4)


def test_colour_is_drawn_within_its_depth():
    drawn = np.concatenate([draw_colour(4.0, np.random.default_rng(seed)) for seed in range(100)])
    assert drawn.min() < -3.5
    assert drawn.max() > 3.5
    assert np.abs(drawn).max() <= 4.0


def test_nothing_is_left_above_the_cutoff():
    gains = low_pass_gains(4_000.0, np.array([100.0, 4_000.0, 4_001.0, 15_000.0]))
    assert gains[:2].tolist() == [1.0, 1.0]
    assert (10 * np.log10(gains[2:]) <= -80).all()


def test_colour_in_decibels_is_the_gain_of_bands():
    knots_db, centres_hz = np.array([3.0, 0.0, -3.0, 0.0, 6.0]), np.array([60.0, 700.0, 5_000.0])
    assert 10 * np.log10(colour_gains(knots_db, centres_hz)) == pytest.approx(colour_db(knots_db, centres_hz), abs=1e-4)
