"""`panns data check`."""

from __future__ import annotations

import json

import pytest

from panns.cli.terminal.bars import Bar
from tests.commands import run_panns, succeed
from tests.sounds import noise, write_wav


@pytest.fixture
def folder(tmp_path):
    """Two classes of six good sounds."""
    for i, label in enumerate(["cat", "dog"]):
        (tmp_path / label).mkdir()
        for take in range(6):
            write_wav(tmp_path / label / f"{'abcdef'[take]}.wav", noise(0.5, seed=10 * i + take))
    return tmp_path


def check(*arguments, **keywords):
    return run_panns("data", "check", *arguments, **keywords)


def test_clips_without_problems(folder):
    assert succeed(check(folder)) == "12 clips, 0.00 h\nno problems found\n"


def test_warnings_leave_the_exit_status_0(folder):
    (folder / "dog" / "z.wav").write_bytes((folder / "cat" / "a.wav").read_bytes())
    result = check(folder)
    assert result.returncode == 0
    _, kind, finding = result.stdout.splitlines()
    assert kind == "warning  copy: 1"
    assert finding.startswith("   cat/a.wav, dog/z.wav hold the same sound with different labels (cat, dog)")


def test_errors_set_the_exit_status_and_come_first(folder):
    for i in range(7):
        (folder / "dog" / f"bad{i}.wav").write_text("no sound")
    write_wav(folder / "cat" / "still.wav", noise(0.5, level=1e-5))
    result = check(folder)
    assert result.returncode == 1
    first, *lines = result.stdout.splitlines()
    assert first.startswith("20 clips")
    assert [line for line in lines if not line.startswith(" ")] == ["ERROR  unreadable: 7", "warning  silent: 1"]
    assert "   ... and 2 more; --all shows them" in lines
    assert len(check(folder, "--all").stdout.splitlines()) == 1 + 2 + 8


def test_json(folder):
    (folder / "dog" / "bad.wav").write_text("no sound")
    result = check(folder, "--json")
    assert result.returncode == 1
    record = json.loads(result.stdout)
    assert (record["clip_list"], record["n_clips"], record["n_errors"], record["n_warnings"]) == (str(folder), 13, 1, 0)
    assert [(one["kind"], one["severity"], one["files"]) for one in record["findings"]] == [
        ("unreadable", "error", ["dog/bad.wav"])
    ]


def test_a_clip_of_a_few_samples_is_too_short(folder):
    write_wav(folder / "dog" / "z.wav", noise(0.5, seed=99)[:10])
    assert "dog/z.wav: lasts 0.312 ms" in check(folder).stdout


def test_sample_rate_and_duration_of_the_model(folder):
    result = check(folder, "--rate", 48_000, "--min-duration", 0.6)
    assert result.returncode == 0
    assert "warning  too short: 12" in result.stdout
    assert "12 clips recorded at 32,000 Hz (cat/a.wav, cat/b.wav, cat/c.wav and 9 more)" in result.stdout


def test_labels_from_a_file_and_of_audioset(folder, tmp_path):
    names = tmp_path / "pets.txt"
    names.write_text("dog\n\ncat\ncow\n", encoding="utf-8")
    result = check(folder, "--labels", names)
    assert result.returncode == 0
    assert "1 of the 3 classes have no clips (cow)" in result.stdout
    (folder / "cat").rename(folder / "cta")
    result = check(folder, "--labels", names)
    assert result.returncode == 1
    assert "no label 'cta' in 'pets'; did you mean 'cat'?" in result.stdout
    assert "ERROR  unknown label: 1" in check(folder, "--labels", "audioset").stdout


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["nowhere.csv"], "nowhere.csv: no such file or folder; check the path"),
        ([".", "--labels", "nowhere.txt"], "--labels nowhere.txt: "),
        (["clips.csv"], "clips.csv, line 1: the column 'lable' is unknown; did you mean 'label'?"),
    ],
)
def test_refused_input(folder, arguments, words):
    (folder / "clips.csv").write_text("path,lable\na.wav,dog\n", encoding="utf-8")
    result = check(*arguments, cwd=folder)
    assert (result.returncode, result.stdout) == (1, "")
    assert words in result.stderr


def test_progress_names_the_stages(folder, monkeypatch):
    shown = []
    monkeypatch.setattr(Bar, "show", lambda _, progress: shown.append(progress))
    (folder / "dog" / "z.wav").write_bytes((folder / "cat" / "a.wav").read_bytes())
    write_wav(folder / "cat" / "z.wav", 0.5 * noise(0.5, seed=15))
    check(folder)
    assert list(dict.fromkeys((one.stage, one.total) for one in shown)) == [
        ("reading clips", 14),
        ("comparing clips", 1),
    ]


def test_a_folder_of_shards(folder, tmp_path_factory):
    (folder / "dog" / "z.wav").write_bytes((folder / "cat" / "a.wav").read_bytes())
    shards = tmp_path_factory.mktemp("packed")
    succeed(run_panns("data", "shard", folder, "-o", shards))
    expected = check(folder)
    assert "warning  copy: 1" in expected.stdout
    assert check(shards).stdout == expected.stdout
    (shards / "index.npz").unlink()
    result = check(shards)
    assert (result.returncode, result.stdout) == (1, "")
    assert "has no index.npz" in result.stderr
