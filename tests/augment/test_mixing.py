from __future__ import annotations

import numpy as np
import pytest

from panns.augment.mixing import loudness_db, presence


def test_pauses_do_not_make_a_clip_quieter():
    loud = np.full((10, 4), 25.0, np.float32)
    with_pause = np.concatenate([loud, np.full((90, 4), 1e-6, np.float32)])
    assert loudness_db(loud) == pytest.approx(20.0)
    assert loudness_db(with_pause) == pytest.approx(20.0)


def test_ten_times_the_power_is_ten_decibels_more():
    power = np.random.default_rng(0).random((20, 8)).astype(np.float32)
    assert loudness_db(power * 10) - loudness_db(power) == pytest.approx(10.0, abs=1e-4)


def test_silence_has_no_loudness():
    assert loudness_db(np.zeros((5, 4), np.float32)) == -np.inf


@pytest.mark.parametrize(("level_db", "expected"), [(0.0, 1.0), (-10.0, 1.0), (-15.0, 0.5), (-20.0, 0.0), (-99.0, 0.0)])
def test_presence_falls_between_two_levels(level_db, expected):
    assert presence(level_db, full_db=-10.0, none_db=-20.0) == pytest.approx(expected)
