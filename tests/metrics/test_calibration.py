import math

import numpy as np
import pytest
from hypothesis import given
from sklearn import metrics as reference

from panns.metrics import (
    binary_brier_score,
    binary_log_loss,
    brier_score,
    is_distribution,
    log_loss,
    reliability,
    top_class_reliability,
)
from tests.metrics.cases import SEEDS, random_case, scored_clips, softmax


def check_several_labels(probs, targets):
    columns = list(zip(targets.T, probs.T, strict=True))
    brier = np.mean([reference.brier_score_loss(there, of_class, labels=[0, 1]) for there, of_class in columns])
    loss = np.mean([reference.log_loss(there, y_proba=of_class, labels=[0, 1]) for there, of_class in columns])
    assert binary_brier_score(probs, targets) == pytest.approx(brier, rel=0, abs=1e-12)
    assert binary_log_loss(probs, targets) == pytest.approx(loss, rel=1e-12, abs=1e-12)


def check_one_label(probs, truth):
    n_classes = probs.shape[1]
    if n_classes < 2:
        return
    labels = list(range(n_classes))
    brier = reference.brier_score_loss(truth, probs, labels=labels, scale_by_half=False)
    assert brier_score(probs, truth) == pytest.approx(brier, rel=0, abs=1e-12)
    assert log_loss(probs, truth) == pytest.approx(
        reference.log_loss(truth, y_proba=probs, labels=labels), rel=1e-12, abs=1e-12
    )


@given(scored_clips())
def test_equal_to_scikit_learn(case):
    probs, targets = case
    check_several_labels(probs, targets)
    check_one_label(softmax(5 * probs), targets.argmax(axis=1))


@pytest.mark.slow
@pytest.mark.parametrize("seeds", SEEDS)
def test_equal_to_scikit_learn_on_many(seeds):
    for seed in seeds[::4]:
        probs, targets, truth = random_case(seed)
        check_several_labels(probs, targets)
        check_one_label(softmax(40 * probs), truth)


def by_hand(confidences, is_right, n_bins):
    """Guo et al.'s equations 2 to 5, word for word: bin m holds what lies in ((m-1)/M, m/M]."""
    gaps, weights = [], []
    for m in range(1, n_bins + 1):
        inside = [
            i
            for i, confidence in enumerate(confidences)
            if (m - 1) / n_bins < confidence <= m / n_bins or (m == 1 and confidence == 0)
        ]
        if inside:
            gaps.append(abs(np.mean([is_right[i] for i in inside]) - np.mean([confidences[i] for i in inside])))
            weights.append(len(inside) / len(confidences))
    return np.dot(gaps, weights), max(gaps)


@given(scored_clips())
def test_calibration_error_equals_that_of_the_paper(case):
    probs, targets = case
    for n_bins in (1, 4, 15):
        diagram = reliability(probs, targets, n_bins=n_bins)
        expected, widest = by_hand(probs.ravel(), targets.ravel(), n_bins)
        assert diagram.expected_error == pytest.approx(expected, abs=1e-12)
        assert diagram.maximum_error == pytest.approx(widest, abs=1e-12)
        is_right = targets[:, 0]
        of_top = top_class_reliability(probs, is_right, n_bins=n_bins)
        expected, widest = by_hand(probs.max(axis=1), is_right, n_bins)
        assert (of_top.expected_error, of_top.maximum_error) == pytest.approx((expected, widest), abs=1e-12)


def test_reliability_diagram():
    diagram = reliability(np.array([[0.1, 0.2, 0.5, 0.9, 0.9]]), np.array([[0, 1, 1, 1, 0]]), n_bins=5)
    assert diagram.edges == pytest.approx([0, 0.2, 0.4, 0.6, 0.8, 1])
    assert diagram.counts.tolist() == [2, 0, 1, 0, 2]
    np.testing.assert_allclose(diagram.confidence, [0.15, math.nan, 0.5, math.nan, 0.9])
    np.testing.assert_allclose(diagram.share_right, [0.5, math.nan, 1.0, math.nan, 0.5])
    np.testing.assert_allclose(diagram.gaps, [0.35, math.nan, 0.5, math.nan, 0.4])
    assert diagram.expected_error == pytest.approx((2 * 0.35 + 0.5 + 2 * 0.4) / 5)
    assert diagram.maximum_error == pytest.approx(0.5)


def test_calibrated_probabilities_have_a_small_error(monkeypatch):
    monkeypatch.setattr("panns.metrics.calibration._BLOCK", 7_001)  # so that blocks do not end with the clips
    probs = np.random.default_rng(0).random((50_000, 2))
    targets = np.random.default_rng(1).random((50_000, 2)) < probs
    assert reliability(probs, targets).expected_error < 0.01
    assert reliability(probs, targets).counts.sum() == 100_000
    assert reliability(probs**3, targets).expected_error > 0.2


def test_log_loss_of_a_certain_mistake_is_finite():
    assert binary_log_loss(np.array([[0.0]]), np.array([[1]])) == pytest.approx(-math.log(2.0**-52))
    assert binary_log_loss(np.array([[0.0]], dtype=np.float32), np.array([[1]])) == pytest.approx(-math.log(2.0**-23))
    assert log_loss(np.array([[1.0, 0.0]]), np.array([1])) == pytest.approx(-math.log(2.0**-52))
    assert brier_score(np.array([[1.0, 0.0]]), np.array([1])) == 2.0


def test_distribution_sums_to_1():
    assert is_distribution(softmax(np.random.default_rng(0).normal(size=(5, 527)).astype(np.float16)))
    assert not is_distribution(np.array([[0.5, 0.5], [0.5, 0.4]]))


@pytest.mark.parametrize("measure", [brier_score, log_loss])
def test_independent_scores_are_refused(measure):
    with pytest.raises(ValueError, match="binary measure"):
        measure(np.array([[0.9, 0.9]]), np.array([0]))


@pytest.mark.parametrize("measure", [reliability, binary_brier_score, binary_log_loss])
def test_logits_are_refused(measure):
    with pytest.raises(ValueError, match=r"-2 to 3.* activation"):
        measure(np.array([[-2.0, 3.0]]), np.array([[0, 1]]))


def test_invalid_bins_or_targets_are_refused():
    with pytest.raises(ValueError, match="n_bins=0"):
        reliability(np.array([[0.5]]), np.array([[1]]), n_bins=0)
    with pytest.raises(ValueError, match="targets have shape"):
        top_class_reliability(np.array([[0.5], [0.5]]), np.array([True]))
