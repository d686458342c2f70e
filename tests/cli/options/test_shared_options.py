"""What several commands share: wrong usage, and output files that are tried before the work."""

import os
import tempfile

import pytest
import typer

from panns.cli.options import check_output, flag_of, refuse_two_formats, wrong_usage
from tests.commands import needs_posix


def refused(call, *arguments, **more):
    with pytest.raises(typer.BadParameter) as caught:
        call(*arguments, **more)
    return caught.value.message


def test_one_format_at_a_time():
    refuse_two_formats(True, False)
    refuse_two_formats(False, True)
    assert "one of --json and --csv" in refused(refuse_two_formats, True, True)


@pytest.mark.parametrize(("name", "flag"), [("hop_s", "--hop"), ("max_hours", "--max-hours"), ("clips", "--clips")])
def test_flags(name, flag):
    assert flag_of(name) == flag


def test_parameters_become_flags_and_the_hint_names_one_alone():
    def raise_inside(*flags):
        with wrong_usage(*flags):
            raise ValueError("hop_s=2 is longer than window_s=1")

    assert refused(raise_inside) == "hop_s=2 is longer than window_s=1"
    assert refused(raise_inside, "--hop") == "2 is longer than --window 1"
    assert refused(raise_inside, "--hop", "--window") == "--hop 2 is longer than --window 1"


def test_a_file_that_can_be_written(tmp_path):
    check_output(tmp_path / "a.csv", ".csv", ".tsv")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("a.txt", "ends in .txt; use one of .csv, .tsv"),
        ("a", "ends in nothing; use one of"),
        ("no/a.csv", "does not exist; create it first"),
        ("folder.csv", "is a folder; give the name of a file"),
        ("x" * 300 + ".csv", "cannot be a file"),
    ],
)
def test_a_file_that_cannot_be_written(tmp_path, name, words):
    (tmp_path / "folder.csv").mkdir()
    message = refused(check_output, tmp_path / name, ".csv", ".tsv", option="--out")
    assert message.startswith("--out ")
    assert words in message
    assert len(message) < 400


@needs_posix
def test_links_in_a_circle_and_pipes(tmp_path):
    (tmp_path / "circle.csv").symlink_to(tmp_path / "circle.csv")
    (tmp_path / "folder").symlink_to(tmp_path / "folder")
    os.mkfifo(tmp_path / "pipe.csv")
    for name, words in (("circle.csv", "itself|symbolic"), ("folder/a.csv", "itself|symbolic|exist")):
        with pytest.raises(typer.BadParameter, match=words):
            check_output(tmp_path / name, ".csv")
    assert "device or a pipe" in refused(check_output, tmp_path / "pipe.csv", ".csv")


@needs_posix
def test_a_link_stands_for_the_file_it_leads_to(tmp_path):
    (tmp_path / "target").mkdir()
    (tmp_path / "a.csv").symlink_to(tmp_path / "target" / "b.csv")
    check_output(tmp_path / "a.csv", ".csv")
    (tmp_path / "target").rmdir()
    assert "does not exist" in refused(check_output, tmp_path / "a.csv", ".csv")


def test_a_folder_that_takes_no_files(tmp_path, monkeypatch):
    def refuse(**_):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(tempfile, "TemporaryFile", refuse)
    assert "nothing can be written to the folder" in refused(check_output, tmp_path / "a.csv", ".csv")
