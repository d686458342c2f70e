"""Frame targets on a network's own time grid."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from panns.training.engine.frame_targets import make_frame_targets, resample_frames


def test_a_target_is_the_covered_share_of_a_frame():
    targets = make_frame_targets([(1, 0.25, 0.6), (0, -1.0, 0.1), (1, 0.55, 9.0), (0, 5.0, 6.0)], 4, 0.2, 2)
    np.testing.assert_allclose(targets[:, 0], [0.5, 0, 0, 0], atol=1e-6)
    np.testing.assert_allclose(targets[:, 1], [0, 0.75, 1, 1], atol=1e-6)  # two overlapping events count once


def test_frames_on_an_equal_grid_stay():
    frames = np.random.default_rng(0).random((2, 7, 3), dtype=np.float32)
    np.testing.assert_allclose(resample_frames(frames, 0.08, 7, 0.08), frames, atol=1e-6)


def test_grids_may_be_finer_or_coarser():
    frames = np.array([[[0.0], [1.0]]], np.float32)
    np.testing.assert_allclose(resample_frames(frames, 1.0, 4, 0.5)[0, :, 0], [0, 0, 1, 1])
    np.testing.assert_allclose(resample_frames(frames, 1.0, 1, 2.0)[0, :, 0], [0.5])
    np.testing.assert_allclose(resample_frames(frames, 1.0, 2, 1.5)[0, :, 0], [1 / 3, 1])
    np.testing.assert_allclose(resample_frames(frames, 1.0, 4, 1.0)[0, :, 0], [0, 1, 1, 1])  # the last frame continues


@given(st.integers(1, 40), st.integers(1, 40), st.floats(0.01, 1.0), st.floats(0.01, 1.0), st.integers(0, 2**32 - 1))
def test_means_stay_within_the_range_of_the_frames(n_frames, n_wanted, hop_s, own_hop_s, seed):
    frames = np.random.default_rng(seed).random((1, n_frames, 2), dtype=np.float32)
    found = resample_frames(frames, hop_s, n_wanted, own_hop_s)
    assert found.shape == (1, n_wanted, 2)
    assert (found >= frames.min(axis=1) - 1e-5).all()
    assert (found <= frames.max(axis=1) + 1e-5).all()
    if n_wanted * own_hop_s == pytest.approx(n_frames * hop_s):
        np.testing.assert_allclose(found.mean(axis=1), frames.mean(axis=1), atol=1e-4)
