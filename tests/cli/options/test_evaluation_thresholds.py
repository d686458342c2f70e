from dataclasses import replace

import pytest
import typer

import panns
from panns.cli.options.evaluation_thresholds import read_evaluation_thresholds
from panns.errors import DataError
from panns.labels import LabelSet

LABELS = LabelSet.from_names("two", ["Dog", "Cat"])


@pytest.fixture(scope="module")
def manifest():
    whole = panns.load("builtin").manifest
    config = replace(whole.config, n_classes=2)
    return replace(whole, config=config, labels=LABELS, thresholds=(0.25, 0.75), operating_points=())


def thresholds(given, manifest, *, is_mapped=False, is_detection=False):
    return read_evaluation_thresholds(given, manifest, LABELS, is_mapped=is_mapped, is_detection=is_detection)


@pytest.mark.parametrize(
    ("given", "more", "values"),
    [
        (None, {}, (0.25, 0.75)),
        ("model", {}, (0.25, 0.75)),
        (None, {"is_mapped": True}, 0.5),
        (None, {"is_detection": True}, (0.25, 0.75)),
        ("0.3", {}, 0.3),
        ("1", {"is_mapped": True}, 1.0),
    ],
)
def test_values(manifest, given, more, values):
    assert thresholds(given, manifest, **more).values == values


def test_a_file_of_some_classes(manifest, tmp_path):
    path = tmp_path / "t.json"
    path.write_text('{"Cat": 0.1}', encoding="utf-8")
    assert thresholds(str(path), manifest) == ((0.5, 0.1), str(path))


@pytest.mark.parametrize(
    ("given", "more", "words"),
    [
        ("model", {"is_mapped": True}, "model has no thresholds for these classes"),
        ("model", {"is_mapped": True, "is_detection": True}, "model has no thresholds for these classes"),
        ("1.5", {}, "1.5 is out of range"),
        ("nan", {}, "nan is out of range"),
        ("1/h", {}, "apply to events; add --task detect"),
        ("1/h", {"is_detection": True, "is_mapped": True}, "labels of --map"),
        ("1/h", {"is_detection": True}, "no thresholds for 1 false alarms"),
    ],
)
def test_wrong_usage(manifest, given, more, words):
    with pytest.raises(typer.BadParameter, match=words):
        thresholds(given, manifest, **more)


def test_a_file_that_is_not_there(manifest):
    with pytest.raises(DataError, match="0,5"):
        thresholds("0,5", manifest)
