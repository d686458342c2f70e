import json
import math

import numpy as np
import pytest

from panns import metrics
from panns.errors import DataError, UnknownLabel
from panns.evaluation import Categories, evaluate_clips, infer_task, measure_clips
from panns.labels import LabelSet
from recipes.builtin.measures import mapped_top1
from tests.evaluation.fake_clips import PETS, Sounds, clips_of, predict_from
from tests.metrics.cases import softmax


def evaluate_pets(scores, labels, **settings):
    return evaluate_clips(predict_from(scores), Sounds(clips_of(*labels)), PETS, **settings)


def test_single_label_clips():
    scores = [[0.7, 0.2, 0.1], [0.5, 0.4, 0.1], [0.1, 0.8, 0.1], [0.2, 0.2, 0.6]]
    result = evaluate_pets(scores, ["cat", "dog", "dog", "parrot"])
    assert result.task == "single-label"
    assert result.n_clips == 4
    assert result.accuracy == 0.75
    assert result.top5_accuracy is None  # always 1 with three classes
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


def test_brier_score_needs_scores_that_sum_to_1():
    result = evaluate_pets([[0.9, 0.8, 0.1]], ["cat"])
    assert result.brier_score is None
    assert result.log_loss is None
    assert result.accuracy == 1.0


def test_multi_label_clips():
    scores = [[0.9, 0.6, 0.1], [0.2, 0.4, 0.3], [0.8, 0.1, 0.2]]
    result = evaluate_pets(scores, ["cat|dog", "dog", ""])
    assert result.task == "multi-label"
    assert (result.accuracy, result.top5_accuracy, result.confusion) == (None, None, None)
    assert [one.n_clips for one in result.classes] == [1, 2, 0]
    assert [one.average_precision for one in result.classes][:2] == [1.0, 1.0]
    assert math.isnan(result.classes[2].average_precision)
    assert math.isnan(result.classes[2].auc)
    assert result.mean_average_precision == metrics.ClassMean(1.0, 2)
    assert result.macro == metrics.PrecisionRecall(0.75, 0.75, 2 / 3)  # over the classes with clips
    assert result.micro == metrics.PrecisionRecall(2 / 3, 2 / 3, pytest.approx(2 / 3))
    assert result.reliability.counts.sum() == 9
    assert result.brier_score == metrics.binary_brier_score(result.scores, result.targets)
    assert result.log_loss == metrics.binary_log_loss(result.scores, result.targets)


@pytest.mark.parametrize("thresholds", [0.35, [0.95, 0.35, 0.5]])
def test_thresholds_change_recall(thresholds):
    result = evaluate_pets([[0.9, 0.6, 0.1], [0.2, 0.4, 0.3]], ["cat|dog", "dog"], thresholds=thresholds)
    assert result.classes[1].recall == 1.0
    assert result.classes[0].recall == (1.0 if thresholds == 0.35 else 0.0)
    assert [one.threshold for one in result.classes] == list(np.broadcast_to(thresholds, 3))


def test_measures_equal_those_of_metrics():
    rng = np.random.default_rng(0)
    labels = LabelSet.from_names("many", [f"class {i}" for i in range(8)])
    truth = rng.integers(0, 7, 60)
    probs = softmax(rng.normal(size=(60, 8)) + 2 * np.eye(8)[truth]).astype(np.float32)
    result = evaluate_clips(predict_from(probs), Sounds(clips_of(*[f"class {i}" for i in truth])), labels)
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
    counts = metrics.DecisionCounts.from_classes(probs.argmax(axis=1), truth, 8)
    assert result.macro == counts.macro(counts.support > 0)
    assert result.micro == counts.micro()


def test_mapped_accuracy_equals_that_of_the_builtin_recipe():
    rng = np.random.default_rng(0)
    names = {"pet": ["cat", "dog"], "talker": ["parrot"], "climber": ["cat"]}
    indices = {"pet": [0, 1], "talker": [2], "climber": [0]}
    probs = rng.random((200, 3), dtype=np.float32)
    truth = rng.choice(list(names), 200)
    result = measure_clips(
        probs,
        np.array([[name == label for name in names] for label in truth]),
        Categories.from_mapping(names, PETS),
        task="single-label",
    )
    assert result.accuracy == mapped_top1(probs, truth, indices)
    assert result.accuracy == result.confusion.trace() / 200  # categories that share the winning class count as right


def test_constant_scores_are_not_right_with_a_map():
    names = {"pet": ["cat"], "talker": ["parrot"]}
    result = evaluate_pets([[0.5, 0.5, 0.5]] * 3, ["pet", "talker", "talker"], mapping=names)
    assert result.accuracy == pytest.approx(1 / 3)
    assert result.confusion.tolist() == [[1, 0], [2, 0]]


def test_json_has_no_nan_and_no_infinity():
    result = evaluate_pets([[0.9, 0.6, 0.1], [0.2, 0.4, 0.3]], ["cat|dog", "cat"])
    assert math.isnan(result.classes[2].auc)
    result_json = json.loads(json.dumps(result.to_dict(), allow_nan=False))
    assert result_json["n_classes"] == len(result_json["classes"]) == 3
    assert result_json["classes"][2]["average_precision"] is None
    assert (result_json["n_clips"], result_json["n_failed"], result_json["failures"]) == (2, 0, [])
    assert result_json["mean_auc"] == 1.0
    assert result_json["d_prime"] is None  # infinite
    assert result_json["n_classes_with_average_precision"] == 2
    assert result_json["n_classes_with_auc"] == 1
    assert (result_json["accuracy"], result_json["confusion"]) == (None, None)
    assert len(result_json["reliability"]["edges"]) == 16
    assert None in result_json["reliability"]["confidence"]


def test_clips_that_cannot_be_read_are_left_out_and_named():
    clips = clips_of("cat", "dog", "dog")
    scores = [[0.9, 0.1, 0.0], [0.1, 0.9, 0.0], [0.9, 0.1, 0.0]]
    result = evaluate_clips(predict_from(scores), Sounds(clips, broken={1}), PETS, allows_failures=True)
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
        (["cat", "cat|dog"], "softmax", "single-label"),  # evaluate_clips refuses it
    ],
)
def test_task_is_inferred_from_activation_and_clips(labels, activation, task):
    assert infer_task(clips_of(*labels), activation) == task


def unreachable(_):
    raise AssertionError("the model was called before the arguments were checked")


@pytest.mark.parametrize(
    ("labels", "settings", "kind", "words"),
    [
        (
            ["cat", "cat|dog"],
            {"activation": "softmax"},
            DataError,
            r"b\.wav has the labels 'cat', 'dog'.* single-label",
        ),
        (["cat", ""], {"task": "single-label"}, DataError, r"b\.wav has no label.* multi-label"),
        (["", ""], {}, DataError, "none of 2 clips has a label"),
        (["cat"], {"task": "both"}, ValueError, "task='both' .*single-label or multi-label"),
        (["cat|dog"], {"thresholds": [0.5, 0.5]}, ValueError, r"shape \(2,\).* 3"),
        (["cat|dog"], {"thresholds": 1.5}, ValueError, "thresholds=1.5"),
        (["cat|dog"], {"thresholds": math.nan}, ValueError, "thresholds=nan"),
        (["cow"], {}, UnknownLabel, r"a\.wav: .*'cow'.*'pets'"),
        (["cat"], {"mapping": {"pet": ["cat"]}}, UnknownLabel, r"a\.wav: .*'cat'.*'the map'"),
    ],
)
def test_invalid_arguments_are_refused_before_scoring(labels, settings, kind, words):
    with pytest.raises(kind, match=words):
        evaluate_clips(unreachable, Sounds(clips_of(*labels)), PETS, **settings)


def test_no_readable_clip_with_a_label_is_refused():
    sounds = Sounds(clips_of("cat|dog", ""), broken={0})
    with pytest.raises(DataError, match="none of 1 clips has a label"):
        evaluate_clips(predict_from(np.zeros((2, 3))), sounds, PETS, allows_failures=True)
