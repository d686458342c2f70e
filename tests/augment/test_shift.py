from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from panns.augment.shift import shift_circular, shift_with_silence

RAMP = np.arange(1, 6, dtype=np.float32)


@pytest.mark.parametrize(
    ("n_samples", "expected"),
    [(0, [1, 2, 3, 4, 5]), (2, [0, 0, 1, 2, 3]), (-2, [3, 4, 5, 0, 0]), (5, [0] * 5), (-5, [0] * 5), (9, [0] * 5)],
)
def test_silence_follows_what_leaves(n_samples, expected):
    assert shift_with_silence(RAMP, n_samples).tolist() == expected
    assert RAMP.tolist() == [1, 2, 3, 4, 5]


@pytest.mark.parametrize(("n_samples", "expected"), [(2, [4, 5, 1, 2, 3]), (-1, [2, 3, 4, 5, 1]), (7, [4, 5, 1, 2, 3])])
def test_circular_shift_wraps_around(n_samples, expected):
    assert shift_circular(RAMP, n_samples).tolist() == expected


@given(st.integers(1, 50), st.integers(-60, 60))
def test_a_round_shift_can_be_taken_back(n_clip, n_samples):
    waveform = np.arange(n_clip, dtype=np.float32)
    assert (shift_circular(shift_circular(waveform, n_samples), -n_samples) == waveform).all()
