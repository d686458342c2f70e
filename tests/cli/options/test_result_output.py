"""`-o FILE --resume` of tag, detect and embed."""

import json
import shutil
import signal
import subprocess
import sys
import time

import numpy as np
import pytest

from tests.commands import INTERRUPTIBLE, needs_posix, own_environment, run_panns, succeed
from tests.sounds import changing_sound, write_wav


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


FORMATS = {
    "csv": "csv",
    "raven": "txt",
    "kaleidoscope": "csv",
    "rttm": "rttm",
    "label-studio": "json",
}


@pytest.mark.parametrize("output_format", ["raven", *(pytest.param(one, marks=pytest.mark.slow) for one in FORMATS)])
def test_a_stopped_table_of_events_goes_on(output_format, tmp_path, monkeypatch):
    from panns.cli import detect as command

    shutil.copy("examples/siren.ogg", tmp_path / "20240501_235957.ogg")
    shutil.copy("examples/knock.ogg", tmp_path / "knock.ogg")
    run = ["detect", "20240501_235957.ogg", "knock.ogg", "--model", "builtin", "--threshold", "0.4"]
    run += ["--format", output_format, *(["--clock"] if output_format in {"csv", "raven", "kaleidoscope"} else [])]
    printed = succeed(run_panns(*run, cwd=tmp_path))
    output = f"events.{FORMATS[output_format]}"
    with monkeypatch.context() as context:
        context.setattr(command, "_write_events", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
        assert run_panns(*run[:2], *run[3:], "-o", output, cwd=tmp_path).returncode != 0
    assert list(records(tmp_path / f"{output}.jsonl")) == ["20240501_235957.ogg"]
    assert not (tmp_path / output).exists()
    assert "add --resume" in run_panns(*run, "-o", output, cwd=tmp_path).stderr
    (tmp_path / "20240501_235957.ogg").write_bytes(b"")  # its result is known
    assert succeed(run_panns(*run, "-o", output, "--resume", cwd=tmp_path)) == ""
    assert (tmp_path / output).read_text(encoding="utf-8") == printed
    assert not (tmp_path / f"{output}.jsonl").exists()


def test_sounds_that_failed_are_tried_again(sound, tmp_path):
    shutil.copy(sound, tmp_path / "a.wav")
    run = ["detect", "a.wav", "b.wav", "--csv", "-o", "events.csv"]
    result = run_panns(*run, cwd=tmp_path)
    assert result.returncode == 1
    assert "--resume tries only the sounds that failed" in result.stderr
    assert list(records(tmp_path / "events.csv.jsonl")) == ["a.wav", "b.wav"]
    assert (tmp_path / "events.csv").exists()
    (tmp_path / "a.wav").rename(tmp_path / "b.wav")
    succeed(run_panns(*run, "--resume", cwd=tmp_path))
    assert [one.name for one in sorted(tmp_path.iterdir())] == ["b.wav", "events.csv"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("tag", "a.wav", "--resume"), "--resume needs -o FILE"),
        (("embed", "a.wav", "--json", "--resume"), "--resume needs -o FILE"),
        (("tag", "a.wav", "-o", "a.txt"), "-o a.txt ends in .txt; use .jsonl"),
        (("tag", "a.wav", "-o", "a.jsonl", "--csv"), "-o writes JSON; leave out the other format"),
        (("detect", "a.wav", "-o", "a.jsonl", "--format", "raven"), "ends in .jsonl; use one of .txt, .tsv, or the"),
        (("detect", "a.wav", "-o", "a.csv"), "-o a.csv ends in .csv; use .jsonl, or the --format of that suffix"),
    ],
)
def test_wrong_usage(arguments, message):
    result = run_panns(*arguments)
    assert result.returncode == 2
    assert message in " ".join(result.stderr.split())


@pytest.mark.slow
@needs_posix
@pytest.mark.parametrize(
    ("signal_name", "suffix"), [("SIGINT", "jsonl"), ("SIGTERM", "txt"), ("SIGKILL", "jsonl"), ("SIGKILL", "txt")]
)
def test_a_process_that_a_signal_ended_goes_on(tiny_checkpoint, tmp_path, signal_name, suffix):
    """A real process in the middle of its work; the others above are ended by their test."""
    first = write_wav(tmp_path / "000.wav", changing_sound(5.0))
    for number in range(1, 60):
        (tmp_path / f"{number:03}.wav").hardlink_to(first)
    run = ["detect", ".", "--model", tiny_checkpoint, "--threshold", "0.3", "--jobs", "1"]
    run += ["--format", "raven"] if suffix == "txt" else []
    output, whole = tmp_path / f"out.{suffix}", tmp_path / f"whole.{suffix}"
    growing = tmp_path / "out.txt.jsonl" if suffix == "txt" else output
    command = [sys.executable, "-m", "panns", *map(str, run), "-o", output.name]
    process = subprocess.Popen(command, cwd=tmp_path, env=own_environment(), stderr=subprocess.PIPE, **INTERRUPTIBLE)
    while process.poll() is None and not (growing.exists() and growing.read_bytes().count(b"\n") >= 5):
        time.sleep(0.002)
    process.send_signal(getattr(signal, signal_name))
    errors = process.communicate(timeout=600)[1].decode()
    assert process.returncode == {"SIGINT": 130, "SIGTERM": -signal.SIGTERM, "SIGKILL": -signal.SIGKILL}[signal_name], (
        errors
    )
    assert "Traceback" not in errors
    assert not (suffix == "txt" and output.exists())
    known = {line for line in growing.read_text().splitlines(keepends=True) if line.endswith("\n")}
    assert 5 <= len(known) < 60
    succeed(run_panns(*run, "-o", output, "--resume", cwd=tmp_path))
    succeed(run_panns(*run, "-o", whole, cwd=tmp_path))
    if suffix == "txt":
        assert output.read_text() == whole.read_text()
    else:
        lines = output.read_text().splitlines(keepends=True)
        assert known <= set(lines)  # nothing was computed again
        assert len(lines) == 60
        assert records(output) == records(whole)
