import json
import math

import pytest

from panns.errors import DataError, UnknownLabel
from panns.evaluation import read_label_map, read_thresholds, thresholds_to_json
from tests.evaluation.clips import PETS


def written(tmp_path, content):
    path = tmp_path / "labels.json"
    path.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
    return path


def test_a_map(tmp_path):
    expected = {"dog": ("Dog", "Bark"), "rain": ("Rain",)}
    entries = {"dog": ["Dog", "Bark"], "rain": "Rain"}
    assert read_label_map(written(tmp_path, entries)) == expected
    assert read_label_map(written(tmp_path, {"about": "dogs and rain", "map": entries})) == expected


def test_only_labels_that_are_used_are_read(tmp_path):
    path = written(tmp_path, {"dog": ["Dog"], "rain": ["Rain"], "map": ["Map"]})
    assert read_label_map(path, ["rain", "snow"]) == {"rain": ("Rain",)}
    assert list(read_label_map(path)) == ["dog", "rain", "map"]  # "map" may be the name of a sound


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("{", r"labels.json is not JSON .* an object such as"),
        ("[" * 100_000, "is not JSON"),
        ("[]", r"holds no JSON object; an object such as \{\"dog\""),
        ('{"dog": 1}', "maps 'dog' to 1; an object such as"),
        ('{"dog": ["Dog", 2]}', r"maps 'dog' to \['Dog', 2\]"),
    ],
)
def test_what_is_no_map_is_refused(tmp_path, content, words):
    with pytest.raises(DataError, match=words):
        read_label_map(written(tmp_path, content))


def test_a_missing_file_is_refused(tmp_path):
    with pytest.raises(DataError, match=r"nosuch.json cannot be read \(No such file or directory\); check the path"):
        read_label_map(tmp_path / "nosuch.json")


def test_thresholds_come_back_and_what_is_not_named_has_the_default(tmp_path):
    text = thresholds_to_json([0.25, math.nan, 1.0], PETS)
    assert json.loads(text) == {"cat": 0.25, "parrot": 1.0}
    assert read_thresholds(written(tmp_path, text), PETS, default=0.4) == (0.25, 0.4, 1.0)


@pytest.mark.parametrize(
    ("content", "kind", "words"),
    [
        ({"dgo": 0.5}, UnknownLabel, r"labels.json: no label 'dgo' in 'pets'; did you mean 'dog'"),
        ({"dog": 1.5}, DataError, "gives 'dog' the threshold 1.5; a probability, 0 to 1, is needed"),
        ({"dog": True}, DataError, "the threshold True"),
        ('{"dog": NaN}', DataError, "the threshold nan"),
        ([0.5], DataError, "holds no JSON object"),
    ],
)
def test_what_are_no_thresholds_is_refused(tmp_path, content, kind, words):
    with pytest.raises(kind, match=words):
        read_thresholds(written(tmp_path, content), PETS, default=0.5)
