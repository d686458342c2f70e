import math

import numpy as np
import pytest
from hypothesis import given
from sklearn import metrics as reference

from panns.metrics import ClassMean, average_precision, class_mean, d_prime, roc_auc
from tests.metrics.cases import SEEDS, random_case, scored_clips


def expected_of_every_class(measure, probs, targets, *, needs_negatives):
    """Measure of every class by scikit-learn; NaN for classes where it is undefined."""
    return [
        measure(there, of_class) if there.any() and not (needs_negatives and there.all()) else math.nan
        for of_class, there in zip(probs.T, targets.T, strict=True)
    ]


def check_against_reference(probs, targets):
    for ours, theirs, needs_negatives in (
        (average_precision, reference.average_precision_score, False),
        (roc_auc, reference.roc_auc_score, True),
    ):
        expected = expected_of_every_class(theirs, probs, targets, needs_negatives=needs_negatives)
        np.testing.assert_allclose(ours(probs, targets), expected, rtol=0, atol=1e-12)


@given(scored_clips())
def test_equal_to_scikit_learn(case):
    check_against_reference(*case)


@pytest.mark.slow
@pytest.mark.parametrize("seeds", SEEDS)
def test_equal_to_scikit_learn_on_many(seeds):
    for seed in seeds:
        probs, targets, _ = random_case(seed)
        check_against_reference(probs, targets)


def test_equal_to_scikit_learn_on_a_large_set():
    rng = np.random.default_rng(0)
    probs = np.round(rng.random((3_000, 8)), 2).astype(np.float32)
    check_against_reference(probs, rng.random((3_000, 8)) < probs**3)


def test_average_precision_by_hand():
    scores = np.array([[4.0], [3.0], [2.0], [1.0]])
    assert average_precision(scores, np.array([[1], [0], [1], [0]])) == (1 / 1 + 2 / 3) / 2
    assert average_precision(scores, np.array([[0], [0], [0], [1]])) == 1 / 4
    assert average_precision(np.ones((4, 1)), np.array([[1], [0], [0], [0]])) == 1 / 4  # no order is assumed


def test_roc_auc_by_hand():
    targets = np.array([[1], [1], [0], [0]])
    assert roc_auc(np.array([[4.0], [3.0], [2.0], [1.0]]), targets) == 1.0
    assert roc_auc(np.array([[4.0], [1.0], [3.0], [2.0]]), targets) == 0.5
    assert roc_auc(np.array([[4.0], [2.0], [2.0], [1.0]]), targets) == 3.5 / 4


@given(scored_clips())
def test_result_depends_only_on_the_order(case):
    probs, targets = case
    # Every value once more by its rank, which keeps ties and order.
    ranks = np.unique(probs, return_inverse=True)[1].reshape(probs.shape).astype(np.float64) * 3 - 7
    for measure in (average_precision, roc_auc):
        np.testing.assert_array_equal(measure(probs, targets), measure(ranks, targets))


@given(scored_clips())
def test_negated_scores_give_the_opposite_area(case):
    probs, targets = case
    np.testing.assert_allclose(
        roc_auc(probs, targets) + roc_auc(-probs, targets),
        np.where(np.isnan(roc_auc(probs, targets)), math.nan, 1.0),
        atol=1e-15,
    )


def test_class_mean_leaves_out_undefined_classes():
    scores = np.array([[0.9, 0.5, 0.5], [0.1, 0.5, 0.5]])
    targets = np.array([[1, 0, 1], [0, 0, 1]])
    np.testing.assert_array_equal(average_precision(scores, targets), [1.0, math.nan, 1.0])
    np.testing.assert_array_equal(roc_auc(scores, targets), [1.0, math.nan, math.nan])
    assert class_mean(roc_auc(scores, targets)) == ClassMean(1.0, 1)
    nothing = class_mean(np.array([math.nan]))
    assert math.isnan(nothing.value)
    assert nothing.n_classes == 0


def test_d_prime_is_the_distance_of_two_gaussians():
    assert d_prime(0.5) == 0.0
    assert d_prime(0.9) == -d_prime(0.1)
    # Scores of two Gaussians that lie 1.5 standard deviations apart.
    rng = np.random.default_rng(0)
    scores = np.concatenate([rng.normal(1.5, 1, 20_000), rng.normal(0, 1, 20_000)])[:, None]
    (auc,) = roc_auc(scores, np.repeat([1, 0], 20_000)[:, None])
    assert d_prime(float(auc)) == pytest.approx(1.5, abs=0.03)


def test_d_prime_agrees_with_scipy():
    norm = pytest.importorskip("scipy.stats").norm
    for auc in np.linspace(0.001, 0.999, 101):
        assert d_prime(float(auc)) == pytest.approx(2**0.5 * norm.ppf(auc), abs=1e-12)


def test_d_prime_at_the_limits():
    assert (d_prime(1.0), d_prime(0.0)) == (math.inf, -math.inf)
    assert math.isnan(d_prime(math.nan))
    with pytest.raises(ValueError, match=r"auc=1\.2"):
        d_prime(1.2)


@pytest.mark.parametrize(
    ("scores", "targets", "words"),
    [
        (np.zeros((0, 3)), np.zeros((0, 3)), r"shape \(0, 3\)"),
        (np.zeros((3, 0)), np.zeros((3, 0)), r"shape \(3, 0\)"),
        (np.zeros(3), np.zeros(3), r"shape \(3,\)"),
        (np.zeros((2, 3)), np.zeros((3, 2)), r"\(3, 2\) and scores \(2, 3\)"),
        (np.zeros((1, 1), dtype=int), np.zeros((1, 1)), "int64"),
        (np.array([[0.5, math.nan]]), np.zeros((1, 2)), "clip 0 for class 1 is nan"),
        (np.array([[0.5], [math.inf]]), np.zeros((2, 1)), "clip 1 for class 0 is inf"),
        (np.zeros((1, 2)), np.array([[0, 2]]), "a target is 2"),
        (np.zeros((1, 2)), np.array([[0.3, 1]]), r"a target is 0\.3"),
        (np.zeros((1, 2)), np.array([[math.nan, 1]]), "a target is nan"),
    ],
)
@pytest.mark.parametrize("measure", [average_precision, roc_auc])
def test_invalid_input_is_refused(measure, scores, targets, words):
    with pytest.raises(ValueError, match=words):
        measure(scores, targets)
