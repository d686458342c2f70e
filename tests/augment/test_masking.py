from __future__ import annotations

import numpy as np
import pytest

from panns.augment.masking import mask


@pytest.mark.parametrize("seed", range(20))
def test_one_time_span_and_one_frequency_span_are_masked(seed):
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


def test_zero_sizes_mask_nothing():
    features = np.ones((4, 4), np.float32)
    assert (mask(features, max_frames=0, max_mels=0, rng=np.random.default_rng(0)) == features).all()


def test_several_stretches_are_hidden():
    features = np.random.default_rng(1).normal(0, 1, (400, 64)).astype(np.float32)
    n_stretches = []
    for seed in range(30):
        masked = mask(
            features, max_frames=20, max_mels=6, rng=np.random.default_rng(seed), n_time_masks=3, n_mel_masks=2
        )
        hidden = masked != features
        lines = hidden.all(axis=1), hidden.all(axis=0)
        assert (hidden == (lines[0][:, None] | lines[1][None])).all()
        assert lines[0].sum() <= 60
        assert lines[1].sum() <= 12
        n_stretches.append([int((np.diff(line.astype(int), prepend=0) == 1).sum()) for line in lines])
    assert np.max(n_stretches, axis=0).tolist() == [3, 2]


@pytest.mark.parametrize(("n_time_masks", "n_mel_masks"), [(0, 1), (1, 0), (0, 0)])
def test_time_or_frequency_may_be_left_alone(n_time_masks, n_mel_masks):
    features = np.random.default_rng(1).normal(0, 1, (40, 16)).astype(np.float32)
    for seed in range(10):
        rng = np.random.default_rng(seed)
        masked = mask(features, max_frames=9, max_mels=5, rng=rng, n_time_masks=n_time_masks, n_mel_masks=n_mel_masks)
        hidden = masked != features
        assert n_time_masks or not hidden.all(axis=1).any()
        assert n_mel_masks or not hidden.all(axis=0).any()
