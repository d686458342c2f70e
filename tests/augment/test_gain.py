from __future__ import annotations

import numpy as np
import pytest

from panns.augment.gain import apply_gain, limit_peak


def test_six_decibels_are_twice_the_amplitude():
    waveform = np.array([0.1, -0.2], np.float32)
    changed = apply_gain(waveform, 20 * np.log10(2))
    assert changed == pytest.approx([0.2, -0.4])
    assert changed.dtype == np.float32
    assert waveform.tolist() == pytest.approx([0.1, -0.2])


@pytest.mark.parametrize(("given", "limited"), [([4.0, -2.0], [1.0, -0.5]), ([1.0, -2.0], [0.5, -1.0])])
def test_limit_peak_scales_a_loud_waveform(given, limited):
    assert limit_peak(np.array(given, np.float32)).tolist() == limited


def test_limit_peak_keeps_a_quiet_waveform():
    waveform = np.array([1.0, -1.0, 0.3], np.float32)
    assert limit_peak(waveform) is waveform
