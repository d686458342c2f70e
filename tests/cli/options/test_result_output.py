"""`-o FILE --resume` of tag, detect and embed."""

import json
import shutil

import numpy as np
import pytest

from tests.commands import run_panns, succeed


def records(path):
    return {record["file"]: record for record in map(json.loads, path.read_text().splitlines())}


@pytest.mark.parametrize("command", ["tag", "detect", "embed"])
def test_a_stopped_run_goes_on(command, sound, tmp_path):
    for name in ("a.wav", "b.wav", "c.wav"):
        shutil.copy(sound, tmp_path / name)
    output, whole = tmp_path / "out.jsonl", tmp_path / "whole.jsonl"
    run = [command, "a.wav", "b.wav", "c.wav"]
    assert succeed(run_panns(*run, "-o", whole, cwd=tmp_path)) == ""
    succeed(run_panns(command, "a.wav", "-o", output, cwd=tmp_path))
    first = output.read_text()
    assert "exists already; add --resume" in run_panns(*run, "-o", output, cwd=tmp_path).stderr
    succeed(run_panns(*run, "-o", output, "--resume", cwd=tmp_path))
    assert output.read_text().startswith(first)  # a.wav was not computed again
    assert records(output) == records(whole)
    printed = json.loads(succeed(run_panns(command, "a.wav", "--json", cwd=tmp_path)))
    assert {name: records(output)["a.wav"][name] for name in printed} == printed
    if command == "tag":
        result = run_panns(*run, "-o", output, "--resume", "--top", "2", cwd=tmp_path)
        assert (result.returncode, "other options" in result.stderr) == (1, True)


def test_embeddings_of_a_killed_run_are_kept(sound, tmp_path, monkeypatch):
    from panns.cli import embed as command

    for name in ("a.wav", "b.wav"):
        shutil.copy(sound, tmp_path / name)
    with monkeypatch.context() as context:
        context.setattr(command, "_write", lambda *_, **__: (_ for _ in ()).throw(KeyboardInterrupt))
        assert run_panns("embed", "b.wav", "-o", "out.npz", cwd=tmp_path).returncode != 0
    assert list(records(tmp_path / "out.npz.jsonl")) == ["b.wav"]
    (tmp_path / "b.wav").unlink()  # its embedding is known
    succeed(run_panns("embed", "a.wav", "b.wav", "-o", "out.npz", "--resume", cwd=tmp_path))
    with np.load(tmp_path / "out.npz") as content:
        assert content["path"].tolist() == ["a.wav", "b.wav"]
        np.testing.assert_array_equal(content["embedding"][0], content["embedding"][1])
    assert not (tmp_path / "out.npz.jsonl").exists()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("tag", "a.wav", "--resume"), "--resume needs -o FILE"),
        (("embed", "a.wav", "--json", "--resume"), "--resume needs -o FILE"),
        (("tag", "a.wav", "-o", "a.txt"), "-o a.txt ends in .txt; use .jsonl"),
        (("tag", "a.wav", "-o", "a.jsonl", "--csv"), "-o writes JSON; leave out the other format"),
        (("detect", "a.wav", "-o", "a.jsonl", "--format", "raven"), "-o writes JSON; leave out the other format"),
    ],
)
def test_wrong_usage(arguments, message):
    result = run_panns(*arguments)
    assert result.returncode == 2
    assert message in " ".join(result.stderr.split())
