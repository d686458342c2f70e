"""Tables of recipes: made of what runs have written with the settings of now, and of nothing else."""

from __future__ import annotations

import json
import shutil
from dataclasses import asdict, replace
from pathlib import Path

import pytest

from panns.config import config_to_dict
from panns.data.clip_lists import Clip, write_clip_list
from panns.training.dataset import digest_clips, split_clips
from panns.training.settings import read_settings
from recipes.common.paths import ROOT
from recipes.common.results_table import RESULTS_FILE, main, render_table, update
from recipes.common.runs import ROWS_FILE, Result, clips_digest, read_rows

RECIPES = ROOT / "recipes"
WITH_TABLES = [path.parent.name for path in sorted(RECIPES.glob(f"*/{ROWS_FILE}"))]

SETTINGS = """
seed = 3

[model]
name = "mn04_as"

[data]
clips = "clips.csv"
test_fold = "2"

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
tested_with = "fold 2"
command = "panns train recipes/toy/train.toml --set n_steps=1 -o 'runs/one step'"
"""
PARTS = ("train", "validation", "test")
CLIPS = [Clip(f"{fold}-{i}.ogg", (label,), fold, f"{fold}{i}") for fold in ("2", "10") for i, label in enumerate("ab")]


@pytest.fixture
def recipe(tmp_path: Path) -> Path:
    """A recipe in a checkout of its own."""
    folder = tmp_path / "recipes" / "toy"
    folder.mkdir(parents=True)
    write_clip_list(tmp_path / "clips.csv", CLIPS)
    (folder / "train.toml").write_text(SETTINGS.format(n_steps=10), encoding="utf-8")
    (folder / ROWS_FILE).write_text(ROWS, encoding="utf-8")
    (folder / "README.md").write_text("# Toy\n<!-- table -->\nold\n<!-- end -->\nthe end\n", encoding="utf-8")
    return folder


def write_run(folder: Path, recipe: Path, fold: str, accuracy: float | None, *assignments: str) -> None:
    """Files of a run, as `panns train` writes them."""
    settings = read_settings(recipe / "train.toml", assignments)
    settings = replace(settings, data=replace(settings.data, test_fold=fold), train=settings.train.comparable)
    folder.mkdir(parents=True)
    (folder / "settings.json").write_text(json.dumps(config_to_dict(settings)), encoding="utf-8")
    parts = split_clips(CLIPS, settings.data, settings.seed)
    digests = {f"{part}_sha256": digest_clips([CLIPS[i] for i in getattr(parts, part)]) for part in PARTS}
    (folder / "clips.json").write_text(json.dumps(digests), encoding="utf-8")
    evaluation = {"accuracy": accuracy, "mean_average_precision": 0.25}
    (folder / "evaluation.json").write_text(json.dumps(evaluation), encoding="utf-8")
    (folder / "metrics.jsonl").write_text('{"step": 1, "loss": 2.0}\n', encoding="utf-8")


def lines_of(recipe: Path) -> list[list[str]]:
    lines = (recipe / "README.md").read_text(encoding="utf-8").splitlines()
    assert (lines[0], lines[1], lines[-2], lines[-1]) == ("# Toy", "<!-- table -->", "<!-- end -->", "the end")
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[2:-2]]


def test_a_table_of_nothing_says_so(recipe, tmp_path):
    assert update(recipe, tmp_path, "here") == []
    header, _, *lines = lines_of(recipe)
    assert header[2] == "result"
    assert [line[:3] for line in lines] == [["fine-tuned", "two folds", "not run"], ["a step", "fold 2", "not run"]]


def test_folds_and_single_runs_are_gathered(recipe, tmp_path):
    folds = tmp_path / "runs" / "folds"
    write_run(folds / "fold-10", recipe, "10", 0.5)
    update(recipe, tmp_path, "here")
    assert lines_of(recipe)[2][2:4] == ["unfinished: 0.500", "10: 0.500"]
    write_run(folds / "fold-2", recipe, "2", 0.7)
    write_run(tmp_path / "runs" / "one step", recipe, "2", 0.125, "n_steps=1")
    results = update(recipe, tmp_path, "there")
    assert results[0].values == {"2": 0.7, "10": 0.5}
    header, _, *lines = lines_of(recipe)
    assert header[2] == "accuracy"
    assert lines[0][2:5] == ["0.600 ± 0.141", "2: 0.700, 10: 0.500", "3"]
    assert lines[0][6:] == ["there", "`panns train recipes/toy/train.toml --cross-validate -o runs/folds`"]
    assert lines[1][2:5] == ["0.125", "", "3"]


def test_table_shows_best_step_of_each_fold(recipe, tmp_path):
    for fold, last in (("2", 0.5), ("10", 0.75)):
        run = tmp_path / "runs" / "folds" / f"fold-{fold}"
        write_run(run, recipe, fold, last)
        (run / "metrics.jsonl").write_text(
            "".join(f'{{"step": {step}, "test_accuracy": {last + 0.1 * (step == 2)}}}\n' for step in (1, 2, 3))
        )
    (result,) = update(recipe, tmp_path, "here")
    assert result.values == {"2": 0.5, "10": 0.75}
    assert result.best == pytest.approx({"2": 0.6, "10": 0.85})
    header, _, *lines = lines_of(recipe)
    assert header[4] == "best step of each fold (biased, for comparison)"
    assert lines[0][2:5] == ["0.625 ± 0.177", "2: 0.500, 10: 0.750", "0.725 ± 0.177"]
    assert lines[1][2:5] == ["not run", "", ""]


def test_best_step_is_added_to_a_stored_result(recipe, tmp_path):
    run = tmp_path / "runs" / "one step"
    write_run(run, recipe, "2", 0.125, "n_steps=1")
    (before,) = update(recipe, tmp_path, "here")
    (run / "metrics.jsonl").write_text('{"step": 1, "test_accuracy": 0.25}\n')
    assert update(recipe, tmp_path, "elsewhere") == [replace(before, best={"": 0.25})]
    (run / "metrics.jsonl").write_text('{"step": 1, "test_accuracy": 0.1}\n')
    assert update(recipe, tmp_path, "elsewhere") == [replace(before, best={"": 0.125})]  # the end is a step too


def test_test_steps_do_not_change_the_result(recipe, tmp_path):
    write_run(tmp_path / "runs" / "one step", recipe, "2", 0.125, "n_steps=1")
    first = update(recipe, tmp_path, "here")
    watching = SETTINGS.format(n_steps=10) + "test_steps = 1\n"
    (recipe / "train.toml").write_text(watching, encoding="utf-8")
    assert update(recipe, tmp_path, "elsewhere") == first


def test_settings_missing_from_a_run_have_their_default(recipe, tmp_path):
    run = tmp_path / "runs" / "one step"
    write_run(run, recipe, "2", 0.125, "n_steps=1")
    settings = json.loads((run / "settings.json").read_text(encoding="utf-8"))
    del settings["stored"]
    (run / "settings.json").write_text(json.dumps(settings), encoding="utf-8")
    assert update(recipe, tmp_path, "here")
    (run / "settings.json").write_text(json.dumps(settings | {"gone": 1}), encoding="utf-8")
    (recipe / RESULTS_FILE).unlink()
    assert update(recipe, tmp_path, "here") == []


def test_clips_of_several_labels_are_measured_by_map(recipe, tmp_path):
    write_run(tmp_path / "runs" / "one step", recipe, "2", None, "n_steps=1")
    update(recipe, tmp_path, "here")
    assert (lines_of(recipe)[0][2], lines_of(recipe)[3][2]) == ("mAP", "0.250")


def test_results_stay_until_the_settings_change(recipe, tmp_path):
    run = tmp_path / "runs" / "one step"
    write_run(run, recipe, "2", 0.125, "n_steps=1")
    first = update(recipe, tmp_path, "here")
    assert update(recipe, tmp_path, "elsewhere") == first  # the same run, gathered on another machine
    run.rename(tmp_path / "gone")
    assert update(recipe, tmp_path, "elsewhere") == first
    (recipe / "train.toml").write_text("# as before\n" + SETTINGS.format(n_steps=10), encoding="utf-8")
    assert update(recipe, tmp_path, "elsewhere") == first
    (recipe / "train.toml").write_text(SETTINGS.format(n_steps=20), encoding="utf-8")
    assert update(recipe, tmp_path, "elsewhere") == []


def test_folds_of_several_machines_are_merged(recipe, tmp_path):
    folds = tmp_path / "runs" / "folds"
    write_run(folds / "fold-10", recipe, "10", 0.5)
    update(recipe, tmp_path, "here")
    shutil.rmtree(folds)
    write_run(folds / "fold-2", recipe, "2", 0.7)
    (joined,) = update(recipe, tmp_path, "there")
    assert joined.values == {"2": 0.7, "10": 0.5}
    assert joined.is_complete
    assert joined.hardware == "here and there"
    assert lines_of(recipe)[2][2] == "0.600 ± 0.141"
    # What is whole stays, until it is whole again.
    shutil.rmtree(folds)
    write_run(folds / "fold-10", recipe, "10", 0.9)
    assert update(recipe, tmp_path, "elsewhere") == [joined]
    write_run(folds / "fold-2", recipe, "2", 0.8)
    (again,) = update(recipe, tmp_path, "elsewhere")
    assert (again.values, again.hardware) == ({"2": 0.8, "10": 0.9}, "elsewhere")


def test_run_with_other_settings_does_not_count(recipe, tmp_path):
    write_run(tmp_path / "runs" / "one step", recipe, "2", 0.125, "n_steps=1", "lr=0.5")
    assert update(recipe, tmp_path, "here") == []


@pytest.mark.parametrize(
    "changed",
    [
        [replace(CLIPS[0], labels=("b",)), *CLIPS[1:]],
        [replace(CLIPS[0], source="100"), *CLIPS[1:]],  # which is now one recording with clip 0 of fold 10
        [replace(CLIPS[0], fold="10"), *CLIPS[1:]],
        CLIPS[1:],
        [one for one in CLIPS if one.fold != "2"],
    ],
    ids=["label", "source", "fold", "fewer", "no such fold"],
)
def test_a_run_on_other_clips_is_no_result(recipe, tmp_path, changed):
    write_run(tmp_path / "runs" / "one step", recipe, "2", 0.125, "n_steps=1")
    (first,) = update(recipe, tmp_path, "here")
    assert first.clips == clips_digest(CLIPS) != clips_digest(changed)
    write_clip_list(tmp_path / "clips.csv", changed)
    assert update(recipe, tmp_path, "here") == []


def test_results_stay_valid_without_prepared_clips(recipe, tmp_path):
    write_run(tmp_path / "runs" / "one step", recipe, "2", 0.125, "n_steps=1")
    first = update(recipe, tmp_path, "here")
    (tmp_path / "clips.csv").unlink()
    assert update(recipe, tmp_path, "elsewhere") == first
    write_clip_list(tmp_path / "clips.csv", [replace(clip, path=f"data/{clip.path}") for clip in CLIPS])
    assert update(recipe, tmp_path, "elsewhere") == first


def test_run_without_clip_digests_does_not_count(recipe, tmp_path):
    run = tmp_path / "runs" / "one step"
    write_run(run, recipe, "2", 0.125, "n_steps=1")
    (run / "clips.json").unlink()
    assert update(recipe, tmp_path, "here") == []


def test_duplicates_found_by_the_run_are_used(recipe, tmp_path):
    run = tmp_path / "runs" / "one step"
    write_run(run, recipe, "2", 0.125, "n_steps=1")
    assert update(recipe, tmp_path, "here")
    digests = json.loads((run / "clips.json").read_text(encoding="utf-8"))
    digests["train_sha256"] = digest_clips(CLIPS[3:])  # clip 2 is a copy of clip 0, which is tested with
    (run / "clips.json").write_text(json.dumps(digests), encoding="utf-8")
    (recipe / RESULTS_FILE).unlink()
    assert update(recipe, tmp_path, "here") == []
    (run / "check.json").write_text(json.dumps({"duplicates": [[0, 2]]}), encoding="utf-8")
    assert update(recipe, tmp_path, "here")


def test_hardware_defaults_to_this_machine(recipe, tmp_path, monkeypatch):
    monkeypatch.setattr("recipes.common.results_table.RECIPES", recipe.parent)
    monkeypatch.setattr("recipes.common.results_table.ROOT", tmp_path)
    monkeypatch.setattr("recipes.common.results_table.machine", lambda: {"processor": "an abacus"})
    write_run(tmp_path / "runs" / "one step", recipe, "2", 0.125, "n_steps=1")
    monkeypatch.setattr("sys.argv", ["table", "toy"])
    main()
    assert lines_of(recipe)[3][6] == "an abacus"
    (recipe / RESULTS_FILE).unlink()
    monkeypatch.setattr("sys.argv", ["table", "toy", "--hardware", "fingers"])
    main()
    assert lines_of(recipe)[3][6] == "fingers"


def test_page_without_marks_is_refused(recipe, tmp_path):
    (recipe / "README.md").write_text("# Toy\n", encoding="utf-8")
    with pytest.raises(SystemExit, match=r"README.md lacks '<!-- table -->'"):
        update(recipe, tmp_path, "here")


@pytest.mark.parametrize("name", WITH_TABLES)
def test_readme_tables_match_stored_results(name):
    recipe = RECIPES / name
    results = [Result(**one) for one in json.loads((recipe / RESULTS_FILE).read_text(encoding="utf-8"))]
    rows = read_rows(recipe)
    digests = {row.command: row.settings_digest(ROOT) for row in rows}
    assert {one.command: one.settings for one in results}.items() <= digests.items()
    assert render_table(rows, results) in (recipe / "README.md").read_text(encoding="utf-8")
    assert all(asdict(row)["command"].startswith(f"panns train recipes/{name}/") for row in rows)
    assert all(row.settings(ROOT).train.n_steps for row in rows)
