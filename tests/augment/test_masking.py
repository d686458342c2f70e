from __future__ import annotations

import numpy as np
import pytest

from panns.augment.masking import mask


@pytest.mark.parametrize("seed", range(20))
def test_one_stretch_of_time_and_one_of_frequency_are_hidden(seed):
    features = np.random.default_rng(1).normal(0, 1, (40, 16)).astype(np.float32)
    before = features.copy()
    masked = mask(features, max_frames=10, max_mels=5, rng=np.random.default_rng(seed))
    assert (features == before).all()
    hidden = masked != features
    frames, mels = hidden.all(axis=1), hidden.all(axis=0)
    assert frames.sum() <= 10
    assert mels.sum() <= 5
    for line in (frames, mels):  # a stretch has at most two ends
        assert np.abs(np.diff(line.astype(int))).sum() <= 2
    assert (hidden == (frames[:, None] | mels[None])).all()
    if hidden.any():
        assert masked[hidden] == pytest.approx(features.mean())


def test_nothing_is_hidden_where_nothing_may_be():
    features = np.ones((4, 4), np.float32)
    assert (mask(features, max_frames=0, max_mels=0, rng=np.random.default_rng(0)) == features).all()
