"""Tables of recipes: made of what runs have written with the settings of now, and of nothing else."""

from __future__ import annotations

import json
from dataclasses import asdict, replace
from pathlib import Path

import pytest

from panns.config import config_to_dict
from panns.learn.settings import read_settings
from recipes.paths import ROOT
from recipes.table import RESULTS_FILE, ROWS_FILE, Result, read_rows, table, update

RECIPES = ROOT / "recipes"
WITH_TABLES = [path.parent.name for path in sorted(RECIPES.glob(f"*/{ROWS_FILE}"))]

SETTINGS = """
seed = 3

[model]
name = "mn04_as"

[data]
clips = "clips.csv"
test_fold = "1"

[loss]
task = "single-label"

[train]
n_steps = {n_steps}
"""
ROWS = """
[[rows]]
what = "fine-tuned"
tested_with = "two folds"
command = "panns train recipes/toy/train.toml --cross-validate -o runs/folds"

[[rows]]
what = "a step"
tested_with = "fold 1"
command = "panns train recipes/toy/train.toml --set n_steps=1 -o 'runs/one step'"
"""


@pytest.fixture
def recipe(tmp_path: Path) -> Path:
    """A recipe in a checkout of its own."""
    folder = tmp_path / "recipes" / "toy"
    folder.mkdir(parents=True)
    (folder / "train.toml").write_text(SETTINGS.format(n_steps=10), encoding="utf-8")
    (folder / ROWS_FILE).write_text(ROWS, encoding="utf-8")
    (folder / "README.md").write_text("# Toy\n<!-- table -->\nold\n<!-- end -->\nthe end\n", encoding="utf-8")
    return folder


def write_run(folder: Path, recipe: Path, fold: str, accuracy: float | None, *assignments: str) -> None:
    """What `panns train` leaves of a run."""
    settings = read_settings(recipe / "train.toml", assignments)
    settings = replace(settings, data=replace(settings.data, test_fold=fold), train=settings.train.that_decides)
    folder.mkdir(parents=True)
    (folder / "settings.json").write_text(json.dumps(config_to_dict(settings)), encoding="utf-8")
    evaluation = {"accuracy": accuracy, "mean_average_precision": 0.25}
    (folder / "evaluation.json").write_text(json.dumps(evaluation), encoding="utf-8")


def lines_of(recipe: Path) -> list[list[str]]:
    lines = (recipe / "README.md").read_text(encoding="utf-8").splitlines()
    assert (lines[0], lines[1], lines[-2], lines[-1]) == ("# Toy", "<!-- table -->", "<!-- end -->", "the end")
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[2:-2]]


def test_a_table_of_nothing_says_so(recipe, tmp_path):
    assert update(recipe, tmp_path, "here") == []
    header, _, *lines = lines_of(recipe)
    assert header[2] == "result"
    assert [line[:3] for line in lines] == [["fine-tuned", "two folds", "not run"], ["a step", "fold 1", "not run"]]


def test_folds_and_single_runs_are_gathered(recipe, tmp_path):
    folds = tmp_path / "runs" / "folds"
    write_run(folds / "fold-10", recipe, "10", 0.5)
    update(recipe, tmp_path, "here")
    assert lines_of(recipe)[2][2:4] == ["unfinished: 0.500", "10: 0.500"]
    write_run(folds / "fold-2", recipe, "2", 0.7)
    (folds / "cross_validation.json").write_text("{}", encoding="utf-8")
    write_run(tmp_path / "runs" / "one step", recipe, "1", 0.125, "n_steps=1")
    results = update(recipe, tmp_path, "there")
    assert results[0].values == {"2": 0.7, "10": 0.5}
    header, _, *lines = lines_of(recipe)
    assert header[2] == "accuracy"
    assert lines[0][2:5] == ["0.600 ± 0.141", "2: 0.700, 10: 0.500", "3"]
    assert lines[0][6:] == ["there", "`panns train recipes/toy/train.toml --cross-validate -o runs/folds`"]
    assert lines[1][2:5] == ["0.125", "", "3"]


def test_clips_of_several_labels_are_measured_by_map(recipe, tmp_path):
    write_run(tmp_path / "runs" / "one step", recipe, "1", None, "n_steps=1")
    update(recipe, tmp_path, "here")
    assert (lines_of(recipe)[0][2], lines_of(recipe)[3][2]) == ("mAP", "0.250")


def test_results_stay_where_they_were_measured_until_the_settings_change(recipe, tmp_path):
    run = tmp_path / "runs" / "one step"
    write_run(run, recipe, "1", 0.125, "n_steps=1")
    first = update(recipe, tmp_path, "here")
    assert update(recipe, tmp_path, "elsewhere") == first  # the same run, gathered on another machine
    run.rename(tmp_path / "gone")
    assert update(recipe, tmp_path, "elsewhere") == first
    (recipe / "train.toml").write_text("# as before\n" + SETTINGS.format(n_steps=10), encoding="utf-8")
    assert update(recipe, tmp_path, "elsewhere") == first
    (recipe / "train.toml").write_text(SETTINGS.format(n_steps=20), encoding="utf-8")
    assert update(recipe, tmp_path, "elsewhere") == []


def test_a_run_with_other_settings_is_no_result(recipe, tmp_path):
    write_run(tmp_path / "runs" / "one step", recipe, "1", 0.125, "n_steps=1", "lr=0.5")
    assert update(recipe, tmp_path, "here") == []


def test_a_readme_without_marks_is_told_so(recipe, tmp_path):
    (recipe / "README.md").write_text("# Toy\n", encoding="utf-8")
    with pytest.raises(SystemExit, match=r"README.md has no '<!-- table -->'"):
        update(recipe, tmp_path, "here")


@pytest.mark.parametrize("name", WITH_TABLES)
def test_tables_are_those_of_the_results_and_of_these_settings(name):
    recipe = RECIPES / name
    results = [Result(**one) for one in json.loads((recipe / RESULTS_FILE).read_text(encoding="utf-8"))]
    rows = read_rows(recipe)
    digests = {row.command: row.digest(ROOT) for row in rows}
    assert {one.command: one.settings for one in results}.items() <= digests.items()
    assert table(rows, results) in (recipe / "README.md").read_text(encoding="utf-8")
    assert all(asdict(row)["command"].startswith(f"panns train recipes/{name}/") for row in rows)
    assert all(row.settings(ROOT).train.n_steps for row in rows)
