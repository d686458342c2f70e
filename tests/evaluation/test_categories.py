import numpy as np
import pytest

from panns.errors import DataError, UnknownLabel
from panns.evaluation import Categories
from panns.labels import audioset
from tests.evaluation.clips import PETS, clips_of

PROBS = np.array([[0.1, 0.9, 0.3], [0.6, 0.2, 0.6]], dtype=np.float32)


def test_targets_of_the_models_own_classes():
    targets = Categories(PETS).targets(clips_of("dog", "cat|parrot", "", "DOG"))
    assert targets.astype(int).tolist() == [[0, 1, 0], [1, 0, 1], [0, 0, 0], [0, 1, 0]]


def test_scores_are_the_models_own():
    assert Categories(PETS).scores(PROBS) is PROBS
    assert Categories(PETS).winners(PROBS).tolist() == [[0, 1, 2], [0, 1, 2]]


def test_a_category_scores_as_the_highest_of_its_classes():
    categories = Categories.mapped({"furry": ["cat", "dog"], "small": ["parrot", "cat"]}, PETS)
    assert [label.en for label in categories.labels] == ["furry", "small"]
    np.testing.assert_array_equal(categories.scores(PROBS), np.float32([[0.9, 0.3], [0.6, 0.6]]))
    assert categories.winners(PROBS).tolist() == [[1, 2], [0, 0]]  # of equals the first class, however it is listed
    assert categories.targets(clips_of("small")).tolist() == [[False, True]]


def test_an_unknown_label_is_named_with_its_clip_and_the_nearest():
    with pytest.raises(UnknownLabel, match=r"b\.wav: no label 'dgo' in 'pets'; did you mean 'dog'\?.* give a map"):
        Categories(PETS).targets(clips_of("cat", "dgo", "dgo"))


def test_of_many_unknown_labels_the_first_few_are_named():
    clips = clips_of(*[f"class {i}" for i in range(10)])
    with pytest.raises(UnknownLabel, match=r"no label 'class 0'.* \(9 more are unknown: 'class 1', .*'class 5', ...\)"):
        Categories(PETS).targets(clips)


@pytest.mark.parametrize(
    ("names", "kind", "words"),
    [
        ({}, DataError, "the map names no category"),
        ({"small": []}, DataError, "the map names no class for 'small'"),
        ({"small": ["parot"]}, UnknownLabel, r"the map's 'small': no label 'parot' in 'pets'; did you mean 'parrot'"),
        ({"small": ["cat"], "Small": ["dog"]}, DataError, "both called 'Small'; .* must differ in more than case"),
    ],
)
def test_a_map_that_says_nothing_is_refused(names, kind, words):
    with pytest.raises(kind, match=words):
        Categories.mapped(names, PETS)


def test_winners_of_audioset_are_among_the_classes_of_their_category():
    rng = np.random.default_rng(0)
    categories = Categories.mapped({"dog": ["Dog", "Bark"], "rain": ["Rain"]}, audioset())
    probs = rng.random((20, 527), dtype=np.float32)
    winners = categories.winners(probs)
    for column, of_category in enumerate(categories.classes):
        assert set(winners[:, column]) <= set(of_category)
    np.testing.assert_array_equal(np.take_along_axis(probs, winners, axis=1), categories.scores(probs))
