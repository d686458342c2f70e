import csv
import io
import json

import pytest

from panns.labels import audioset
from tests.commands import run_panns, succeed


@pytest.mark.parametrize("query", ["狗", "dog", "DOG", "/m/0bt9lr"])
def test_dog_comes_first_in_both_languages(query):
    first = succeed(run_panns("labels", query)).splitlines()[0]
    assert first.split() == ["74", "/m/0bt9lr", "Dog", "狗"]


def test_without_a_query_all_are_listed():
    lines = succeed(run_panns("labels")).splitlines()
    assert len(lines) == 527
    assert lines[0].split() == ["0", "/m/09x0r", "Speech", "语音"]


def test_json():
    lines = succeed(run_panns("labels", "bark", "--json")).splitlines()
    assert json.loads(lines[0]) == audioset().find("Bark").to_dict()


def test_csv():
    header, *rows = csv.reader(io.StringIO(succeed(run_panns("labels", "--csv"))))
    assert header == ["index", "id", "en", "zh", "parents"]
    assert [row[2] for row in rows] == [label.en for label in audioset()]


def test_no_match_is_a_failure():
    result = run_panns("labels", "zzzz")
    assert (result.returncode, result.stdout) == (1, "")
    assert result.stderr == "panns: no label matches 'zzzz'; `panns labels` lists all 527\n"


def test_two_formats_are_wrong_usage():
    assert run_panns("labels", "dog", "--json", "--csv").returncode == 2


def test_a_terminal_without_chinese():
    assert "Dog" in succeed(run_panns("labels", "dog", encoding="cp1252"))
