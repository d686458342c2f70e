import matplotlib.image
import pytest

import panns
from tests.commands import run_panns, succeed


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


def test_events_from_a_threshold(tmp_path):
    succeed(run_panns("explain", "examples/siren.ogg", "-o", tmp_path / "out.svg", "--threshold", "0.4", "--top", "3"))
    drawn = (tmp_path / "out.svg").read_text()
    assert "<!-- events, from a probability of 0.4 on" in drawn
    for event in panns.detect("examples/siren.ogg", threshold=0.4):
        assert f"<!-- {event.score:.2f} -->" in drawn


@pytest.mark.parametrize(
    ("threshold", "words"),
    [("0.5", "has no frame scores and so no events"), ("1.5", "Input should be less than or equal to 1")],
)
def test_a_threshold_that_makes_no_sense_is_refused(explain, sound, tmp_path, threshold, words):
    result = explain(sound, "-o", tmp_path / "out.png", "--threshold", threshold)
    assert (result.returncode, result.stdout) == (2, "")
    assert words in " ".join(result.stderr.replace("│", " ").split())
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("output", "words"),
    [
        ("out.gif", "ends in .gif; use one of .png, .svg, .pdf"),
        ("nosuch/out.png", "make it first"),
        ("folder.png", "is a folder"),
    ],
)
def test_what_could_not_be_written_is_refused_first(explain, sound, tmp_path, output, words):
    (tmp_path / "folder.png").mkdir()
    result = explain(sound, "-o", output, cwd=tmp_path)
    assert (result.returncode, result.stdout) == (2, "")
    assert words in result.stderr


def test_a_folder_that_takes_no_file_is_a_sentence(explain, sound):
    result = explain(sound, "-o", "/proc/out.png")
    assert result.returncode == 1
    assert result.stderr.startswith("panns: /proc/out.png cannot be written (")


def test_a_bad_file_leaves_no_picture(explain, sound_folder, tmp_path):
    result = explain(sound_folder / "b.wav", "-o", tmp_path / "out.png")
    assert result.returncode == 1
    assert result.stderr.startswith(f"panns: {sound_folder}/b.wav: ")
    assert list(tmp_path.iterdir()) == []
