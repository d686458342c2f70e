"""The example programs run unchanged."""

import csv
import subprocess
import sys
from pathlib import Path

import pytest

from tests.commands import own_environment
from tests.docs.pages import ROOT


def run(*arguments):
    command = [sys.executable, *arguments]
    return subprocess.run(
        command, cwd=ROOT, env=own_environment(), capture_output=True, text=True, timeout=600, check=False
    )


def test_tag_folder(tmp_path):
    done = run("examples/tag_folder.py", "examples", str(tmp_path / "tags.csv"))
    assert done.returncode == 0, done.stderr
    with (tmp_path / "tags.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    first = {Path(row["file"]): row["label"] for row in reversed(rows)}
    assert first[Path("examples/siren.ogg")] == "Siren"
    assert first[Path("examples/knock.ogg")] == "Knock"


def test_live_alarm():
    done = run("examples/live_alarm.py", "Siren", "examples/siren.ogg", "0")
    assert done.returncode == 0, done.stderr
    assert "ALARM: Siren since" in done.stdout
    assert "over: Siren" in done.stdout


def test_live_alarm_names_unknown_labels():
    done = run("examples/live_alarm.py", "Syren", "examples/siren.ogg", "0")
    assert done.returncode == 1
    assert "unknown label 'Syren'" in done.stderr


def test_embed_search():
    done = run("examples/embed_search.py", "examples", "examples/rain.ogg")
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[0].split() == ["1.000", "rain.ogg"]


@pytest.mark.slow
def test_finetune(tmp_path):
    done = run("examples/finetune.py", str(tmp_path / "sounds"), str(tmp_path / "model"))
    assert done.returncode == 0, done.stderr
    assert "beeps: tagged beeps" in done.stdout
    assert "hiss: tagged hiss" in done.stdout
