import numpy as np
import pytest
from hypothesis import given
from sklearn import metrics as reference

from panns.metrics import (
    DecisionCounts,
    PrecisionRecall,
    accuracy,
    best_f1_thresholds,
    confusion_matrix,
    ranks_of_truth,
    top_k_accuracy,
)
from tests.metrics.cases import SEEDS, random_case, scored_clips


def close_to(values):
    return pytest.approx(values, rel=0, abs=1e-12)


def check_against_reference(counts, truth, predicted, labels):
    """Counts, against scikit-learn on class indices or on `(clips, classes)` of 0 and 1."""

    def theirs(average):
        return reference.precision_recall_fscore_support(
            truth, predicted, labels=labels, average=average, zero_division=0
        )

    precision, recall, f1, support = theirs(None)
    assert counts.precision == close_to(precision)
    assert counts.recall == close_to(recall)
    assert counts.f1 == close_to(f1)
    np.testing.assert_array_equal(counts.support, support)
    for ours, average in ((counts.micro(), "micro"), (counts.macro(), "macro")):
        assert [ours.precision, ours.recall, ours.f1] == close_to(theirs(average)[:3])


def check_several_labels(predicted, targets):
    n_classes = targets.shape[1]
    if n_classes > 1:  # one column scikit-learn takes for two classes, present and absent
        counts = DecisionCounts.from_labels(predicted, targets)
        check_against_reference(counts, targets, predicted, list(range(n_classes)))


def check_one_label(probs, truth):
    n_classes = probs.shape[1]
    predicted, labels = probs.argmax(axis=1), list(range(n_classes))
    check_against_reference(DecisionCounts.from_classes(predicted, truth, n_classes), truth, predicted, labels)
    assert accuracy(probs, truth) == close_to(reference.accuracy_score(truth, predicted))
    if n_classes > 1:  # of one class scikit-learn suspects that the others were forgotten
        np.testing.assert_array_equal(
            confusion_matrix(predicted, truth, n_classes), reference.confusion_matrix(truth, predicted, labels=labels)
        )
    if n_classes > 2:
        for k in range(1, n_classes):
            # Of equal scores scikit-learn takes the last class, so it is asked from the other side.
            mirrored = reference.top_k_accuracy_score(n_classes - 1 - truth, probs[:, ::-1], k=k, labels=labels)
            assert top_k_accuracy(probs, truth, k) == close_to(mirrored)


@given(scored_clips())
def test_equal_to_scikit_learn(case):
    probs, targets = case
    check_several_labels(probs >= 0.5, targets)
    check_one_label(probs, targets.argmax(axis=1))


@pytest.mark.slow
@pytest.mark.parametrize("seeds", SEEDS)
def test_equal_to_scikit_learn_on_many(seeds):
    for seed in seeds[::4]:
        probs, targets, truth = random_case(seed)
        check_several_labels(probs >= 0.5, targets)
        check_one_label(probs, truth)


def test_mean_over_selected_classes():
    targets = np.array([[1, 0], [1, 0]])
    counts = DecisionCounts.from_labels(np.array([[1, 0], [0, 0]]), targets)
    assert counts.macro() == PrecisionRecall(0.5, 0.25, 1 / 3)
    assert counts.macro(counts.support > 0) == PrecisionRecall(1.0, 0.5, 2 / 3)
    assert counts.micro() == PrecisionRecall(1.0, 0.5, 2 / 3)
    with pytest.raises(ValueError, match="0 classes"):
        counts.macro(np.array([False, False]))


def test_ties_go_to_the_first_class():
    scores = np.array([[0.5, 0.5, 0.5]])
    assert [ranks_of_truth(scores, np.array([i])).tolist() for i in range(3)] == [[0], [1], [2]]
    assert accuracy(scores, np.array([0])) == 1.0
    assert accuracy(scores, np.array([1])) == 0.0


def test_equal_order_shares_a_rank():
    scores, order = np.array([[0.5, 0.5, 0.5]]), np.array([[7, 3, 7]])
    assert [ranks_of_truth(scores, np.array([i]), order).tolist() for i in range(3)] == [[1], [0], [1]]


def f1_at(probs, targets, thresholds):
    return DecisionCounts.from_labels(probs >= thresholds, targets).f1


@given(scored_clips())
def test_best_thresholds_have_the_highest_f1(case):
    probs, targets = case
    best = best_f1_thresholds(probs, targets)
    has_positives = targets.any(axis=0)
    np.testing.assert_array_equal(np.isnan(best), ~has_positives)
    assert ((best >= 0) & (best <= 1))[has_positives].all()
    reached = f1_at(probs, targets, best)
    for threshold in [*np.unique(probs), 2.0]:
        assert (f1_at(probs, targets, threshold) <= reached + 1e-15)[has_positives].all()


def test_threshold_is_halfway_between_scores():
    targets = np.array([[1], [0], [1], [0]])
    assert best_f1_thresholds(np.array([[0.8], [0.1], [0.6], [0.2]]), targets) == 0.4
    assert best_f1_thresholds(np.array([[0.8], [0.7], [0.6], [0.7]]), targets) == 0.75  # F1 2/3, and also below all
    assert best_f1_thresholds(np.array([[0.5], [0.5], [0.5], [0.5]]), targets) == 0.25  # everything is present


def test_float32_rounding_does_not_cross_a_threshold():
    probs = np.nextafter(np.float32(0.3), np.float32([[0], [1]]))
    threshold = best_f1_thresholds(probs, np.array([[0], [1]]))
    assert (probs >= threshold).tolist() == [[False], [True]]


@pytest.mark.parametrize(
    ("truth", "words"),
    [
        (np.array([0]), r"shape \(1,\).* 2 "),
        (np.array([0.0, 1.0]), "float64"),
        (np.array([[0], [1]]), r"shape \(2, 1\)"),
        (np.array([0, 3]), "0 to 3; with 3 classes"),
        (np.array([-1, 0]), "-1 to 0"),
    ],
)
def test_invalid_class_indices_are_refused(truth, words):
    with pytest.raises(ValueError, match=words):
        accuracy(np.zeros((2, 3)), truth)


def test_invalid_input_is_refused():
    with pytest.raises(ValueError, match="k=0"):
        top_k_accuracy(np.zeros((1, 2)), np.array([0]), 0)
    with pytest.raises(ValueError, match="0 clips and 2 classes"):
        confusion_matrix(np.array([], dtype=int), np.array([], dtype=int), 2)
    with pytest.raises(ValueError, match=r"shape \(1, 2\) and scores \(2, 1\)"):
        DecisionCounts.from_labels(np.zeros((1, 2)), np.zeros((2, 1)))
    with pytest.raises(ValueError, match=r"a target is 0\.4"):
        DecisionCounts.from_labels(np.array([[0.4]]), np.array([[1]]))
    with pytest.raises(ValueError, match="probabilities are 0 to 1"):
        best_f1_thresholds(np.array([[3.0]]), np.array([[1]]))
