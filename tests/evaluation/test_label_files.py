import json
import math

import pytest

from panns.errors import DataError, UnknownLabel
from panns.evaluation import read_label_map, read_thresholds, thresholds_to_json
from tests.evaluation.fake_clips import PETS


def write(tmp_path, content):
    path = tmp_path / "labels.json"
    path.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
    return path


def test_label_map(tmp_path):
    expected = {"dog": ("Dog", "Bark"), "rain": ("Rain",)}
    entries = {"dog": ["Dog", "Bark"], "rain": "Rain"}
    assert read_label_map(write(tmp_path, entries)) == expected
    assert read_label_map(write(tmp_path, {"about": "dogs and rain", "map": entries})) == expected


def test_only_used_labels_are_read(tmp_path):
    path = write(tmp_path, {"dog": ["Dog"], "rain": ["Rain"], "map": ["Map"]})
    assert read_label_map(path, ["rain", "snow"]) == {"rain": ("Rain",)}
    assert list(read_label_map(path)) == ["dog", "rain", "map"]  # "map" may be a label


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("{", r"labels.json is not JSON .* an object such as"),
        ("[" * 100_000, "is not JSON"),
        ("[]", r"is not a JSON object; an object such as \{\"dog\""),
        ('{"dog": 1}', "maps 'dog' to 1; an object such as"),
        ('{"dog": ["Dog", 2]}', r"maps 'dog' to \['Dog', 2\]"),
    ],
)
def test_invalid_map_is_refused(tmp_path, content, words):
    with pytest.raises(DataError, match=words):
        read_label_map(write(tmp_path, content))


def test_a_missing_file_is_refused(tmp_path):
    with pytest.raises(DataError, match=r"nosuch.json cannot be read .*an object such as"):
        read_label_map(tmp_path / "nosuch.json")


def test_thresholds_round_trip_with_default_for_missing(tmp_path):
    text = thresholds_to_json([0.25, math.nan, 1.0], PETS)
    assert json.loads(text) == {"cat": 0.25, "parrot": 1.0}
    assert read_thresholds(write(tmp_path, text), PETS, default=0.4) == (0.25, 0.4, 1.0)


@pytest.mark.parametrize(
    ("content", "kind", "words"),
    [
        ({"dgo": 0.5}, UnknownLabel, r"labels.json: .*'dgo'.*'dog'"),
        ({"dog": 1.5}, DataError, "'dog' the threshold 1.5"),
        ({"dog": True}, DataError, "the threshold True"),
        ('{"dog": NaN}', DataError, "NaN is not part of JSON"),
        ([0.5], DataError, "not a JSON object"),
    ],
)
def test_invalid_thresholds_are_refused(tmp_path, content, kind, words):
    with pytest.raises(kind, match=words):
        read_thresholds(write(tmp_path, content), PETS, default=0.5)
