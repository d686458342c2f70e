import numpy as np
import pytest

from panns.errors import DataError, UnknownLabel
from panns.evaluation import Categories
from panns.labels import audioset
from tests.evaluation.fake_clips import PETS, clips_of

PROBS = np.array([[0.1, 0.9, 0.3], [0.6, 0.2, 0.6]], dtype=np.float32)


def test_targets_of_model_classes():
    targets = Categories(PETS).targets(clips_of("dog", "cat|parrot", "", "DOG"))
    assert targets.astype(int).tolist() == [[0, 1, 0], [1, 0, 1], [0, 0, 0], [0, 1, 0]]


def test_scores_of_model_classes_are_unchanged():
    assert Categories(PETS).scores(PROBS) is PROBS
    assert Categories(PETS).winners(PROBS).tolist() == [[0, 1, 2], [0, 1, 2]]


def test_a_category_scores_as_the_highest_of_its_classes():
    categories = Categories.from_mapping({"furry": ["cat", "dog"], "small": ["parrot", "cat"]}, PETS)
    assert [label.en for label in categories.labels] == ["furry", "small"]
    np.testing.assert_array_equal(categories.scores(PROBS), np.float32([[0.9, 0.3], [0.6, 0.6]]))
    assert categories.winners(PROBS).tolist() == [
        [1, 2],
        [0, 0],
    ]  # a tie goes to the first class, whatever the order of the list
    assert categories.targets(clips_of("small")).tolist() == [[False, True]]


def test_unknown_label_is_named_with_clip_and_nearest_label():
    with pytest.raises(UnknownLabel, match=r"b\.wav: .*'dgo'.*'dog'.* give a map"):
        Categories(PETS).targets(clips_of("cat", "dgo", "dgo"))


def test_message_lists_at_most_five_more_unknown_labels():
    clips = clips_of(*[f"class {i}" for i in range(10)])
    with pytest.raises(UnknownLabel, match=r"'class 0'.* \(9 more are unknown: 'class 1', .*'class 5', ...\)"):
        Categories(PETS).targets(clips)


@pytest.mark.parametrize(
    ("names", "kind", "words"),
    [
        ({}, DataError, "0 labels"),
        ({"small": []}, DataError, "'small' 0 classes"),
        ({"small": ["parot"]}, UnknownLabel, r"'small': .*'parot'.*'parrot'"),
        ({"small": ["cat"], "Small": ["dog"]}, DataError, "'Small'"),
    ],
)
def test_invalid_map_is_refused(names, kind, words):
    with pytest.raises(kind, match=words):
        Categories.from_mapping(names, PETS)


def test_audioset_winners_belong_to_their_category():
    rng = np.random.default_rng(0)
    categories = Categories.from_mapping({"dog": ["Dog", "Bark"], "rain": ["Rain"]}, audioset())
    probs = rng.random((20, 527), dtype=np.float32)
    winners = categories.winners(probs)
    for column, classes in enumerate(categories.classes):
        assert set(winners[:, column]) <= set(classes)
    np.testing.assert_array_equal(np.take_along_axis(probs, winners, axis=1), categories.scores(probs))
