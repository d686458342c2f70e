from pathlib import Path

import pytest
import typer

from panns.cli.options.evaluation_outputs import EvaluationOutputs, _path_as_text


@pytest.mark.parametrize("is_detection", [True, False])
def test_nothing_to_write(is_detection):
    EvaluationOutputs().check(is_detection=is_detection)


@pytest.mark.parametrize(
    ("field", "name", "words"),
    [
        ("confusion", "a.gif", "--confusion .*ends in .gif; use one of .png"),
        ("reliability", "a", "--reliability .*ends in nothing"),
        ("best_thresholds", "a.csv", "--best-thresholds .*use .json"),
        ("save_scores", "no/a.npz", "--save-scores .*does not exist"),
    ],
)
def test_files_are_tried_first(tmp_path, field, name, words):
    outputs = EvaluationOutputs(**{field: tmp_path / name})
    with pytest.raises(typer.BadParameter, match=words):
        outputs.check(is_detection=False)
    with pytest.raises(typer.BadParameter, match="applies to whole clips"):
        outputs.check(is_detection=True)


def test_names_that_are_not_text():
    assert _path_as_text("日本/a.wav") == "日本/a.wav"
    assert _path_as_text(str(Path("a\udcff.wav"))) == "a\\xff.wav"
