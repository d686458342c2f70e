"""`--jobs` of tag, detect and embed."""

import pytest

from panns.batch import process_files
from panns.cli.terminal import file_results
from tests.commands import run_panns, succeed


@pytest.mark.parametrize("command", ["tag", "detect", "embed"])
@pytest.mark.parametrize("into_file", [False, True])
def test_jobs_reach_the_batch(command, into_file, sound, tmp_path, monkeypatch):
    asked = []

    def process(*arguments, n_jobs, **others):
        asked.append(n_jobs)
        return process_files(*arguments, n_jobs=n_jobs, **others)

    monkeypatch.setattr(file_results, "process_files", process)
    output = ("-o", tmp_path / "a.jsonl") if into_file else ("--json",)
    succeed(run_panns(command, sound, *output, "--jobs", "3"))
    assert asked == [3]


def test_jobs_are_at_least_one(sound):
    result = run_panns("tag", sound, "--jobs", "0")
    assert result.returncode == 2
    assert "--jobs" in result.stderr
