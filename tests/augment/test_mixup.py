from __future__ import annotations

import numpy as np
import pytest

from panns.augment.mixup import mixup

ONES, ZEROS = np.ones(10, np.float32), np.zeros(10, np.float32)


def test_waveforms_are_weighted_like_labels():
    mixture = mixup(ONES, ZEROS, np.random.default_rng(0))
    assert mixture.waveform == pytest.approx(np.full(10, mixture.share), abs=1e-6)
    assert mixture.waveform.dtype == np.float32
    other_way = mixup(ZEROS, ONES, np.random.default_rng(0))
    assert other_way.waveform == pytest.approx(np.full(10, 1 - mixture.share), abs=1e-6)


@pytest.mark.parametrize(("alpha", "variance"), [(0.2, 0.179), (1.0, 1 / 12), (5.0, 0.0227)])
def test_shares_have_the_beta_distribution(alpha, variance):
    rng = np.random.default_rng(0)
    shares = [mixup(ONES, ZEROS, rng, alpha=alpha).share for _ in range(4_000)]
    assert np.mean(shares) == pytest.approx(0.5, abs=0.02)
    assert np.var(shares) == pytest.approx(variance, rel=0.06)


@pytest.mark.parametrize("alpha", [0.0, -1.0, float("nan")])
def test_alpha_is_above_zero(alpha):
    with pytest.raises(ValueError, match="must be above 0"):
        mixup(ONES, ZEROS, np.random.default_rng(0), alpha=alpha)


def test_other_lengths_are_refused():
    with pytest.raises(ValueError, match="fit them to one length"):
        mixup(ONES, ZEROS[:5], np.random.default_rng(0))
