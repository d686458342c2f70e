import json
import math

import numpy as np
import pytest

from panns import metrics
from panns.errors import DataError, UnknownLabel
from panns.evaluation import Categories, evaluate, measure, task_of
from panns.labels import LabelSet
from recipes.builtin.measures import mapped_top1
from tests.evaluation.clips import PETS, Sounds, answers_from, clips_of
from tests.metrics.cases import softmax


def single(scores, labels, **settings):
    return evaluate(answers_from(scores), Sounds(clips_of(*labels)), PETS, **settings)


def test_one_label_a_clip():
    scores = [[0.7, 0.2, 0.1], [0.5, 0.4, 0.1], [0.1, 0.8, 0.1], [0.2, 0.2, 0.6]]
    result = single(scores, ["cat", "dog", "dog", "parrot"])
    assert result.task == "single-label"
    assert result.n_clips == 4
    assert result.accuracy == 0.75
    assert result.top5_accuracy is None  # with three classes it would say nothing
    assert result.confusion.tolist() == [[1, 0, 0], [1, 1, 0], [0, 0, 1]]
    assert [one.recall for one in result.classes] == [1, 0.5, 1]
    assert [one.precision for one in result.classes] == [0.5, 1, 1]
    assert [one.threshold for one in result.classes] == [None] * 3
    assert result.mean_average_precision == metrics.ClassMean(1.0, 3)
    probs = np.array(scores, dtype=np.float32)
    assert result.brier_score == metrics.brier_score(probs, np.array([0, 1, 1, 2]))
    assert result.log_loss == metrics.log_loss(probs, np.array([0, 1, 1, 2]))
    assert result.reliability.counts.sum() == 4
    assert result.reliability.expected_error == pytest.approx((0.3 + 0.5 + 0.2 + 0.4) / 4)


def test_scores_that_are_no_distribution_have_no_brier_score():
    result = single([[0.9, 0.8, 0.1]], ["cat"])
    assert result.brier_score is None
    assert result.log_loss is None
    assert result.accuracy == 1.0


def test_several_labels_a_clip():
    scores = [[0.9, 0.6, 0.1], [0.2, 0.4, 0.3], [0.8, 0.1, 0.2]]
    result = single(scores, ["cat|dog", "dog", ""])
    assert result.task == "multi-label"
    assert (result.accuracy, result.top5_accuracy, result.confusion) == (None, None, None)
    assert [one.n_clips for one in result.classes] == [1, 2, 0]
    assert [one.average_precision for one in result.classes][:2] == [1.0, 1.0]
    assert math.isnan(result.classes[2].average_precision)
    assert math.isnan(result.classes[2].auc)
    assert result.mean_average_precision == metrics.ClassMean(1.0, 2)
    assert result.macro == metrics.PrecisionRecall(0.75, 0.75, 2 / 3)  # of the classes that some clip has
    assert result.micro == metrics.PrecisionRecall(2 / 3, 2 / 3, pytest.approx(2 / 3))
    assert result.reliability.counts.sum() == 9
    assert result.brier_score == metrics.binary_brier_score(result.scores, result.targets)
    assert result.log_loss == metrics.binary_log_loss(result.scores, result.targets)


@pytest.mark.parametrize("thresholds", [0.35, [0.95, 0.35, 0.5]])
def test_thresholds_decide(thresholds):
    result = single([[0.9, 0.6, 0.1], [0.2, 0.4, 0.3]], ["cat|dog", "dog"], thresholds=thresholds)
    assert result.classes[1].recall == 1.0
    assert result.classes[0].recall == (1.0 if thresholds == 0.35 else 0.0)
    assert [one.threshold for one in result.classes] == list(np.broadcast_to(thresholds, 3))


def test_measures_are_those_of_metrics():
    rng = np.random.default_rng(0)
    labels = LabelSet.from_names("many", [f"class {i}" for i in range(8)])
    truth = rng.integers(0, 7, 60)
    probs = softmax(rng.normal(size=(60, 8)) + 2 * np.eye(8)[truth]).astype(np.float32)
    result = evaluate(answers_from(probs), Sounds(clips_of(*[f"class {i}" for i in truth])), labels)
    np.testing.assert_array_equal(result.scores, probs)
    np.testing.assert_array_equal(result.targets, np.eye(8)[truth] == 1)
    areas = metrics.roc_auc(probs, result.targets)
    np.testing.assert_array_equal([one.auc for one in result.classes], areas)
    assert result.mean_auc == metrics.class_mean(areas)
    assert result.mean_auc.n_classes == 7
    assert result.d_prime == metrics.d_prime(result.mean_auc.value)
    assert result.accuracy == metrics.accuracy(probs, truth)
    assert result.top5_accuracy == metrics.top_k_accuracy(probs, truth, 5)
    np.testing.assert_array_equal(result.confusion, metrics.confusion_matrix(probs.argmax(axis=1), truth, 8))
    counts = metrics.DecisionCounts.of_classes(probs.argmax(axis=1), truth, 8)
    assert result.macro == counts.macro(counts.support > 0)
    assert result.micro == counts.micro()


def test_with_a_map_it_is_what_the_recipe_of_the_built_in_model_measures():
    rng = np.random.default_rng(0)
    names = {"pet": ["cat", "dog"], "talker": ["parrot"], "climber": ["cat"]}
    indices = {"pet": [0, 1], "talker": [2], "climber": [0]}
    probs = rng.random((200, 3), dtype=np.float32)
    answers = rng.choice(list(names), 200)
    result = measure(
        probs,
        np.array([[name == answer for name in names] for answer in answers]),
        Categories.mapped(names, PETS),
        task="single-label",
    )
    assert result.accuracy == mapped_top1(probs, answers, indices)
    assert result.accuracy == result.confusion.trace() / 200  # what shares the winning class is taken for right


def test_a_model_that_says_nothing_is_not_right_with_a_map():
    names = {"pet": ["cat"], "talker": ["parrot"]}
    result = single([[0.5, 0.5, 0.5]] * 3, ["pet", "talker", "talker"], mapping=names)
    assert result.accuracy == pytest.approx(1 / 3)
    assert result.confusion.tolist() == [[1, 0], [2, 0]]


def test_json_has_no_nan_and_no_infinity():
    result = single([[0.9, 0.6, 0.1], [0.2, 0.4, 0.3]], ["cat|dog", "cat"])
    assert math.isnan(result.classes[2].auc)
    answer = json.loads(json.dumps(result.to_dict(), allow_nan=False))
    assert answer["n_classes"] == len(answer["classes"]) == 3
    assert answer["classes"][2]["average_precision"] is None
    assert (answer["n_clips"], answer["n_failed"], answer["failures"]) == (2, 0, [])
    assert answer["mean_auc"] == 1.0
    assert answer["d_prime"] is None  # it is infinite
    assert answer["n_classes_with_average_precision"] == 2
    assert answer["n_classes_with_auc"] == 1
    assert (answer["accuracy"], answer["confusion"]) == (None, None)
    assert len(answer["reliability"]["edges"]) == 16
    assert None in answer["reliability"]["confidence"]


def test_clips_that_cannot_be_read_are_left_out_and_named():
    clips = clips_of("cat", "dog", "dog")
    scores = [[0.9, 0.1, 0.0], [0.1, 0.9, 0.0], [0.9, 0.1, 0.0]]
    result = evaluate(answers_from(scores), Sounds(clips, broken={1}), PETS, allows_failures=True)
    assert result.clips.tolist() == [0, 2]
    assert result.accuracy == 0.5
    assert result.targets.tolist() == [[True, False, False], [False, True, False]]
    assert result.to_dict()["failures"] == [{"file": "b.wav", "error": "b.wav: is damaged"}]


@pytest.mark.parametrize(
    ("labels", "activation", "task"),
    [
        (["cat", "dog"], "sigmoid", "single-label"),
        (["cat", "cat|dog"], "sigmoid", "multi-label"),
        (["cat", ""], "sigmoid", "multi-label"),
        (["cat", "cat|dog"], "softmax", "single-label"),  # and then refused, with a sentence
    ],
)
def test_the_task_is_told_by_activation_and_clips(labels, activation, task):
    assert task_of(clips_of(*labels), activation) == task


def unreachable(_):
    raise AssertionError("asked before everything was checked")


@pytest.mark.parametrize(
    ("labels", "settings", "kind", "words"),
    [
        (
            ["cat", "cat|dog"],
            {"activation": "softmax"},
            DataError,
            r"b\.wav has the labels 'cat', 'dog', where a single",
        ),
        (["cat", ""], {"task": "single-label"}, DataError, r"b\.wav has no label, where .* use the task multi-label"),
        (["", ""], {}, DataError, "none of 2 clips has a label"),
        (["cat"], {"task": "both"}, ValueError, "task='both' is not one of single-label, multi-label"),
        (["cat|dog"], {"thresholds": [0.5, 0.5]}, ValueError, r"thresholds have shape \(2,\); .* one for each of 3"),
        (["cat|dog"], {"thresholds": 1.5}, ValueError, "thresholds=1.5 must be probabilities"),
        (["cat|dog"], {"thresholds": math.nan}, ValueError, "thresholds=nan must be probabilities"),
        (["cow"], {}, UnknownLabel, r"a\.wav: no label 'cow' in 'pets'"),
        (["cat"], {"mapping": {"pet": ["cat"]}}, UnknownLabel, r"a\.wav: no label 'cat' in 'the map'"),
    ],
)
def test_what_cannot_be_measured_is_refused_before_anything_is_heard(labels, settings, kind, words):
    with pytest.raises(kind, match=words):
        evaluate(unreachable, Sounds(clips_of(*labels)), PETS, **settings)


def test_if_no_clip_that_could_be_read_has_a_label_it_is_a_sentence():
    sounds = Sounds(clips_of("cat|dog", ""), broken={0})
    with pytest.raises(DataError, match="none of 1 clips has a label; nothing can be measured"):
        evaluate(answers_from(np.zeros((2, 3))), sounds, PETS, allows_failures=True)
