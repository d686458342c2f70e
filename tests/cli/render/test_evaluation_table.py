"""An evaluation of clips as text and rows: numbers, nouns, and classes without clips."""

import math

import numpy as np
import pytest

from panns.cli.render.evaluation_table import CLASS_COLUMNS, EvaluationRun, count, csv_rows, format_number, text_lines
from panns.evaluation import Categories
from panns.evaluation.clip_measures import measure_clips
from panns.labels import LabelSet

RUN = EvaluationRun("m", "onnx", "cpu", "clips.csv", ("1", "2"), "map.json", "0.5", "2026-01-01")
EVALUATION = measure_clips(
    np.array([[0.9, 0.2, 0.1], [0.3, 0.8, 0.1]], np.float32),
    np.array([[True, False, False], [False, True, False]]),
    Categories(LabelSet.from_names("pets", ["dog", "cat", "owl"])),
    task="multi-label",
)


@pytest.mark.parametrize(("value", "text"), [(0.12345, "0.123"), (math.nan, "-"), (math.inf, "inf")])
def test_numbers(value, text):
    assert format_number(value) == text


def test_nouns():
    assert [count(n, "class", "classes") for n in (0, 1)] == ["0 classes", "1 class"]
    assert count(2, "clip") == "2 clips"


def test_head_and_classes():
    lines = list(text_lines(EVALUATION, RUN, per_class=True, language="en"))
    assert lines[:3] == [
        "m by onnx on cpu, 2026-01-01",
        "clips.csv, folds 1, 2: 2 clips",
        "multi-label, 3 classes mapped by map.json, thresholds: 0.5",
    ]
    assert [line.split()[-1] for line in lines[-3:-1]] == ["dog", "cat"]
    assert lines[-1] == "  1 class without clips not shown"
    assert any(line.split()[:2] == ["mAP", "1.000"] and line.endswith("mean of 2 of 3 classes") for line in lines)


def test_rows_of_classes_are_all_of_them():
    header, *rows = csv_rows(EVALUATION, per_class=True)
    assert header == CLASS_COLUMNS
    assert [row[1] for row in rows] == ["dog", "cat", "owl"]


def test_rows_of_measures():
    rows = dict(csv_rows(EVALUATION, per_class=False))
    assert (rows["measure"], rows["n_clips"], rows["accuracy"], rows["d_prime"]) == ("value", 2, None, None)


def test_a_single_fold():
    assert EvaluationRun("m", "onnx", "cpu", "a.csv", ("1",), None, None, "").clips == "a.csv, fold 1"
