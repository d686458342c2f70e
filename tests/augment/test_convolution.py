from __future__ import annotations

import numpy as np
import pytest

from panns.augment.convolution import convolve


@pytest.mark.parametrize(
    ("n_samples", "n_taps"),
    [(1, 1), (1, 50), (2, 2), (100, 7), (5_000, 1), (4_096, 1_024), (20_000, 1_025), (20_001, 3_000), (9_000, 9_000)],
)
def test_equals_direct_convolution(n_samples, n_taps):
    rng = np.random.default_rng(n_samples)
    waveform = rng.standard_normal(n_samples).astype(np.float32)
    kernel = rng.standard_normal(n_taps).astype(np.float32)
    filtered = convolve(waveform, kernel)
    assert filtered.dtype == np.float32
    expected = np.convolve(waveform.astype(np.float64), kernel.astype(np.float64))[:n_samples]
    assert filtered == pytest.approx(expected, abs=2e-6 * np.abs(expected).max() + 1e-6)


def test_its_arguments_stay_as_they_are():
    waveform, kernel = np.ones(100, np.float32), np.full(5, 0.5, np.float32)
    convolve(waveform, kernel)
    assert (waveform == 1).all()
    assert (kernel == 0.5).all()
