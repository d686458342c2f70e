from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from panns.augment.speed import change_speed
from tests.sounds import noise, tone


@pytest.mark.parametrize("factor", [0.5, 0.9, 1.0371, 1.1, 2.0])
def test_speed_scales_pitch_and_duration(factor):
    changed = change_speed(tone(2.0, hz=1_000), factor)
    assert len(changed) == round(64_000 / factor)
    spectrum = np.abs(np.fft.rfft(changed * np.hanning(len(changed))))
    assert spectrum.argmax() * 32_000 / len(changed) == pytest.approx(1_000 * factor, abs=1.0)
    middle = changed[len(changed) // 4 : -len(changed) // 4]
    assert np.square(middle).mean() == pytest.approx(0.045, rel=0.01)


def test_speeding_up_does_not_alias():
    assert np.square(change_speed(tone(1.0, hz=10_000), 2.0)[1_000:-1_000]).mean() < 1e-8


def test_slowing_down_empties_the_highest_frequencies():
    changed = change_speed(noise(2.0), 0.5)
    power = np.square(np.abs(np.fft.rfft(changed)))
    assert power[len(power) * 9 // 16 :].mean() < 1e-5 * power[: len(power) // 2].mean()


@given(st.integers(1, 500), st.floats(0.25, 4))
def test_every_length_works(n_samples, factor):
    changed = change_speed(np.ones(n_samples, np.float32), factor)
    assert len(changed) == max(1, round(n_samples * 10_000 / round(factor * 10_000)))
    assert changed.dtype == np.float32
    assert np.isfinite(changed).all()


@pytest.mark.parametrize("factor", [0.0, -1.0, 5.0, float("nan")])
def test_impossible_speeds_are_refused(factor):
    with pytest.raises(ValueError, match=r"use 0\.25 to 4"):
        change_speed(tone(0.1), factor)
