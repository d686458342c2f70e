from types import SimpleNamespace

import numpy as np
import pytest

from panns.results import Scores
from panns.runtime.pooling import WindowPool, stack_scores
from panns.runtime.windows import Window

RATE = 10


def manifest(frame_hop_s=None, embedding_dim=None, patch_hop_s=None):
    config = SimpleNamespace(frame_hop_s=frame_hop_s, embedding_dim=embedding_dim)
    return SimpleNamespace(config=config, sample_rate=RATE, patch_hop_s=patch_hop_s)


def window(onset_sample, n_samples):
    return Window(onset_sample, np.zeros(n_samples, dtype=np.float32))


def array(values):
    return np.array(values, dtype=np.float32)


def test_clip_score_is_the_maximum_over_windows():
    pool = WindowPool(manifest())
    pool.add(window(0, 100), Scores(array([[0.25, 0.5, 0.0]]), None, None))
    pool.add(window(100, 20), Scores(array([[0.75, 0.125, 0.0]]), None, None))
    scores = pool.result()
    np.testing.assert_array_equal(scores.clip_probs, [[0.75, 0.5, 0.0]])
    assert (scores.frame_probs, scores.embedding, scores.frame_onsets_s) == (None, None, None)


def test_embedding_is_the_mean_weighted_by_length():
    pool = WindowPool(manifest(embedding_dim=2))
    pool.add(window(0, 30), Scores(array([[0.0]]), None, array([[1.0, 0.0]])))
    pool.add(window(30, 10), Scores(array([[0.0]]), None, array([[5.0, 4.0]])))
    np.testing.assert_array_equal(pool.result().embedding, [[2.0, 1.0]])
    assert pool.result().embedding.dtype == np.float32


def test_frames_of_windows_are_concatenated():
    pool = WindowPool(manifest(frame_hop_s=0.5))
    pool.add(window(0, 15), Scores(array([[0.5]]), array([[[0.1], [0.2], [0.3]]]), None))
    pool.add(window(100, 10), Scores(array([[0.5]]), array([[[0.4], [0.5]]]), None))
    scores = pool.result()
    np.testing.assert_array_equal(scores.frame_probs, array([[[0.1], [0.2], [0.3], [0.4], [0.5]]]))
    np.testing.assert_array_equal(scores.frame_onsets_s, [[0.0, 0.5, 1.0, 10.0, 10.5]])


def test_frames_are_dropped_unless_kept():
    pool = WindowPool(manifest(frame_hop_s=0.5), keeps_frames=False)
    pool.add(window(0, 15), Scores(array([[0.5]]), array([[[0.1], [0.2]]]), None))
    assert pool.result().frame_probs is None


def test_the_given_row_of_a_batch_is_added():
    pool = WindowPool(manifest(embedding_dim=1))
    pool.add(window(0, 10), Scores(array([[0.1], [0.9]]), None, array([[1.0], [2.0]])), row=1)
    np.testing.assert_array_equal(pool.result().clip_probs, array([[0.9]]))
    np.testing.assert_array_equal(pool.result().embedding, [[2.0]])


def test_a_pool_copies_scores():
    probs = array([[0.5]])
    pool = WindowPool(manifest())
    pool.add(window(0, 10), Scores(probs, None, None))
    probs[0] = 1.0
    np.testing.assert_array_equal(pool.result().clip_probs, [[0.5]])


def test_patch_columns_are_concatenated_if_kept():
    weights = array(np.arange(12).reshape(1, 2, 3, 2))  # two classes, three columns, two rows
    scores = Scores(array([[0.0, 0.0]]), patch_weights=weights)
    pool = WindowPool(manifest(patch_hop_s=0.5), keeps_patches=True)
    pool.add(window(0, 20), scores)
    pool.add(window(20, 20), scores)
    result = pool.result()
    np.testing.assert_array_equal(result.patch_weights, np.concatenate([weights, weights], axis=2))
    np.testing.assert_array_equal(result.patch_onsets_s, [[0.0, 0.5, 1.0, 2.0, 2.5, 3.0]])
    without = WindowPool(manifest(patch_hop_s=0.5))
    without.add(window(0, 20), scores)
    assert without.result().patch_weights is None

    longer = stack_scores([result, Scores(array([[0.0, 0.0]]), patch_weights=weights, patch_onsets_s=np.zeros((1, 3)))])
    np.testing.assert_array_equal(longer.patch_weights[1, :, :3], weights[0])
    assert np.isnan(longer.patch_weights[1, :, 3:]).all()
    assert np.isnan(longer.patch_onsets_s[1, 3:]).all()


def test_stacking_pads_with_nan():
    short = Scores(array([[0.1]]), array([[[0.1]]]), None, np.array([[0.0]]))
    long = Scores(array([[0.2]]), array([[[0.2], [0.3]]]), None, np.array([[0.0, 0.5]]))
    stacked = stack_scores([short, long])
    np.testing.assert_array_equal(stacked.clip_probs, array([[0.1], [0.2]]))
    np.testing.assert_array_equal(stacked.frame_probs, array([[[0.1], [np.nan]], [[0.2], [0.3]]]))
    np.testing.assert_array_equal(stacked.frame_onsets_s, [[0.0, np.nan], [0.0, 0.5]])
    assert stacked.embedding is None


@pytest.mark.parametrize("field", ["frame_probs", "embedding", "frame_onsets_s", "patch_weights", "patch_onsets_s"])
def test_missing_fields_stay_none(field):
    assert getattr(stack_scores([Scores(array([[0.1]])), Scores(array([[0.2]]))]), field) is None
