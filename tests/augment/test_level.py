from __future__ import annotations

import numpy as np
import pytest

from panns.augment.level import a_weighted_level_db, active_power
from tests.sounds import noise, tone


def test_padding_does_not_lower_the_level():
    sound = noise(1.0, level=0.1)
    padded = np.concatenate([np.zeros(32_000 * 4, np.float32), sound, np.full(32_000, 1e-4, np.float32)])
    assert active_power(sound) == pytest.approx(0.01, rel=0.02)
    assert active_power(padded) == pytest.approx(active_power(sound), rel=0.02)


@pytest.mark.parametrize(("softer_db", "is_pause"), [(29.0, False), (31.0, True)])
def test_30_db_below_the_level_is_a_pause(softer_db, is_pause):
    loud = np.full(5_120, 0.5, np.float32)
    power = active_power(np.concatenate([loud, loud * np.float32(10 ** (-softer_db / 20))]))
    assert power == pytest.approx(0.25 if is_pause else 0.125, rel=0.01)


@pytest.mark.parametrize("n_samples", [1, 511, 512, 513, 1_000])
def test_partial_blocks_are_weighted_by_their_length(n_samples):
    assert active_power(np.full(n_samples, 0.5, np.float32)) == pytest.approx(0.25)


@pytest.mark.parametrize("value", [0.0, 1e-6, 1e-30])
def test_silence_has_no_power_and_no_level(value):
    silence = np.full(5_000, value, np.float32)
    assert active_power(silence) == 0.0
    assert a_weighted_level_db(silence, 32_000) == -np.inf


@pytest.mark.parametrize(("hz", "weight_db"), [(50, -30.2), (100, -19.1), (1_000, 0.0), (4_000, 1.0), (10_000, -2.5)])
@pytest.mark.parametrize("sample_rate", [32_000, 48_000])
def test_hearing_is_as_in_the_standard(hz, weight_db, sample_rate):
    # IEC 61672-1, table 3. The tone has an amplitude of 0.3.
    level_db = a_weighted_level_db(tone(1.0, hz=hz, sample_rate=sample_rate), sample_rate)
    assert level_db - 10 * np.log10(0.045) == pytest.approx(weight_db, abs=0.5)


def test_the_loudest_moment_counts():
    loud, soft = tone(0.5, hz=1_000), 0.01 * tone(3.0, hz=1_000)
    together = np.concatenate([soft, loud, soft])
    assert a_weighted_level_db(together, 32_000) == pytest.approx(a_weighted_level_db(loud, 32_000), abs=0.1)
    at_the_end = np.concatenate([soft, loud[:8_000]])
    assert a_weighted_level_db(at_the_end, 32_000) == pytest.approx(a_weighted_level_db(loud, 32_000), abs=0.1)


def test_sounds_shorter_than_a_window_have_a_level():
    short = [a_weighted_level_db(tone(seconds, hz=1_000), 32_000) for seconds in (0.01, 0.02, 0.04)]
    assert np.diff(short) == pytest.approx(3.0, abs=0.5)  # twice the energy in a window
    assert np.isfinite(a_weighted_level_db(np.array([0.9], np.float32), 8_000))
