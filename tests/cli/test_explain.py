import json
from unittest import mock

import matplotlib.image
import pytest

import panns
from panns.checkpoints.manifest import OperatingPoint
from tests.commands import run_panns, succeed
from tests.drawn import drawn_texts
from tests.tiny_checkpoints import with_manifest


@pytest.fixture
def explain(tiny_checkpoint):
    """`panns explain` with the tiny model."""
    return lambda *arguments, **keywords: run_panns("explain", *arguments, "--model", tiny_checkpoint, **keywords)


def test_a_file(explain, sound, tmp_path):
    result = explain(sound, "-o", "out.png", cwd=tmp_path)
    assert (succeed(result), result.stderr) == ("out.png\n", "")
    assert [path.name for path in tmp_path.iterdir()] == ["out.png"]
    assert matplotlib.image.imread(tmp_path / "out.png").std() > 0.1


def test_standard_input(explain, sound, tmp_path):
    succeed(explain("-", "-o", tmp_path / "out.svg", stdin=sound.read_bytes()))
    assert "<svg" in (tmp_path / "out.svg").read_text()


def test_events_above_a_threshold(tmp_path):
    succeed(run_panns("explain", "examples/siren.ogg", "-o", tmp_path / "out.svg", "--threshold", "0.4", "--top", "10"))
    drawn = (tmp_path / "out.svg").read_text()
    assert "<!-- events, threshold 0.4" in drawn
    for event in panns.load().detect("examples/siren.ogg", threshold=0.4):
        assert f"<!-- {event.score:.2f} -->" in drawn


def test_events_for_a_false_alarm_rate(tmp_path, tiny_frames_checkpoint, sound):
    point = OperatingPoint(1.0, (0.4,) * 527)
    model = with_manifest(tiny_frames_checkpoint, tmp_path / "model", operating_points=(point,))
    succeed(run_panns("explain", sound, "-o", tmp_path / "out.svg", "--threshold", "1/h", "--model", model))
    texts = drawn_texts(tmp_path / "out.svg")
    assert any(text.startswith("events, thresholds for 1/h") for text in texts)
    found = panns.load(model).detect(sound, threshold=0.4)
    assert len(found) > 0
    assert f"{max(event.score for event in found):.2f}" in texts


def test_events_equal_those_of_detect(tmp_path, tiny_frames_checkpoint, sound):
    options = ("--threshold", "0.4", "--model", tiny_frames_checkpoint, "--min-duration", "1.5", "--window", "2")
    succeed(run_panns("explain", sound, "-o", tmp_path / "out.svg", *options))
    (answer,) = map(json.loads, succeed(run_panns("detect", sound, "--json", *options)).splitlines())
    n_classes = len({event["index"] for event in answer["events"]})
    heading = next(text for text in drawn_texts(tmp_path / "out.svg") if text.startswith("events, "))
    assert heading == f"events, threshold 0.4; 8 of {n_classes} classes"
    usual = panns.load(tiny_frames_checkpoint).detect(sound, threshold=0.4)
    assert len({event.index for event in usual}) != n_classes


@pytest.mark.parametrize(
    ("threshold", "words"),
    [
        ("1/h", "'--threshold': cnn6 has no thresholds for 1 "),
        ("1.5", "'1.5'"),
    ],
)
def test_refused_thresholds(explain, sound, tmp_path, threshold, words):
    result = explain(sound, "-o", tmp_path / "out.png", "--threshold", threshold)
    assert (result.returncode, result.stdout) == (2, "")
    assert words in " ".join(result.stderr.replace("│", " ").split())
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("output", "words"),
    [
        ("out.gif", "ends in .gif; use one of .png, .svg, .pdf"),
        ("nosuch/out.png", "create it first"),
        ("folder.png", "is a folder"),
    ],
)
def test_refused_outputs(explain, sound, tmp_path, output, words):
    (tmp_path / "folder.png").mkdir()
    result = explain(sound, "-o", output, cwd=tmp_path)
    assert (result.returncode, result.stdout) == (2, "")
    assert words in result.stderr


def test_a_folder_without_permission(explain, sound, tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.TemporaryFile", mock.Mock(side_effect=OSError(13, "Permission denied")))
    result = explain(sound, "-o", tmp_path / "out.png")
    assert (result.returncode, result.stdout) == (2, "")
    words = f"-o {tmp_path / 'out.png'}: nothing can be written to the folder {tmp_path} (Permission denied)"
    assert words in " ".join(result.stderr.split())


def test_a_bad_file_leaves_no_picture(explain, sound_folder, tmp_path):
    result = explain(sound_folder / "b.wav", "-o", tmp_path / "out.png")
    assert result.returncode == 1
    assert result.stderr.startswith(f"panns: {sound_folder}/b.wav: ")
    assert list(tmp_path.iterdir()) == []
