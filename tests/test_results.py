from dataclasses import FrozenInstanceError

import numpy as np
import pytest

from panns.labels import audioset
from panns.results import Embedding, Tag, Tagging, TagWindow

DOG = Tag("Dog", "狗", 74, 0.7071067811865476)
CAT = Tag("Cat", "猫", 81, 0.25)
PLAIN_DOG = {"label": "Dog", "label_zh": "狗", "index": 74, "score": 0.7071067811865476}
PLAIN_CAT = {"label": "Cat", "label_zh": "猫", "index": 81, "score": 0.25}


def test_tag_of_a_label():
    assert Tag.of(audioset()[74], 0.7071067811865476) == DOG


def test_tag_is_not_rounded():
    assert DOG.to_dict() == PLAIN_DOG


def test_tagging_is_exactly_the_json_of_the_design():
    tagging = Tagging("a.wav", 2.5, "mn04_as", (DOG, CAT))
    assert tagging.to_dict() == {"file": "a.wav", "duration_s": 2.5, "model": "mn04_as", "tags": [PLAIN_DOG, PLAIN_CAT]}
    assert list(tagging.to_dict()) == ["file", "duration_s", "model", "tags"]


def test_windows_and_warnings_appear_when_there_are_any():
    window = TagWindow(0.0, 10.0, (CAT,))
    tagging = Tagging("a.wav", 35.0, "mn04_as", (DOG,), windows=(window,), warnings=("3 s are missing",))
    assert tagging.to_dict()["windows"] == [{"onset_s": 0.0, "offset_s": 10.0, "tags": [PLAIN_CAT]}]
    assert tagging.to_dict()["warnings"] == ["3 s are missing"]


def test_tagging_is_a_sequence_of_tags():
    tagging = Tagging("a.wav", 2.5, "mn04_as", (DOG, CAT))
    assert len(tagging) == 2
    assert list(tagging) == [DOG, CAT]
    assert (tagging[0], tagging[-1], tagging[1:]) == (DOG, CAT, (CAT,))
    assert CAT in tagging
    assert tagging.index(CAT) == 1
    with pytest.raises(IndexError):
        tagging[2]


def test_embedding_is_plain_numbers_in_json():
    embedding = Embedding("a.wav", 2.5, "cnn6", np.array([0.5, -1.0], dtype=np.float32), warnings=("loud",))
    plain = embedding.to_dict()
    assert plain == {
        "file": "a.wav",
        "duration_s": 2.5,
        "model": "cnn6",
        "embedding": [0.5, -1.0],
        "warnings": ["loud"],
    }
    assert {type(value) for value in plain["embedding"]} == {float}


@pytest.mark.parametrize("result", [DOG, TagWindow(0.0, 1.0, ()), Tagging("a", 1.0, "m", ())])
def test_results_cannot_be_changed(result):
    with pytest.raises(FrozenInstanceError):
        result.label = "Cat"
