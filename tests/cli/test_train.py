"""`panns train`: from a file and the command line, killed and resumed, on two processes."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time

import pytest

from panns.training.engine.journal import METRICS_FILE
from panns.training.engine.state_file import STATE_FILE
from tests.commands import needs_posix, own_environment, run_panns, succeed

WEIGHTS = "model/model.safetensors"


def test_settings_from_a_file_and_the_command_line(settings_file, tmp_path):
    out = tmp_path / "out"
    result = run_panns("train", settings_file, "--set", "optim.lr=1e-2", "--set", "n_steps=6", "-o", out, "--json")
    record = json.loads(result.stdout)
    assert (record["n_train"], record["n_test"], record["labels"]) == (12, 12, ["clicks", "noise", "tone"])
    assert json.loads((out / "settings.json").read_text())["train"]["optim"]["lr"] == 0.01
    crossed = run_panns("train", settings_file, "--set", "n_steps=2", "-o", tmp_path / "folds", "--cross-validate")
    assert crossed.stdout.splitlines()[0].startswith("2 folds: 1, 2; in ")
    assert any("accuracy" in line for line in crossed.stdout.splitlines())


@pytest.mark.parametrize(
    ("assignment", "words"),
    [
        ("optim.lrr=1", "did you mean 'train.optim.lr'"),
        ("data.clips=nowhere.csv", "nowhere.csv: no such file"),
        ("n_parts=7", "leaves less than two clips in a part"),
    ],
)
def test_refused_settings(settings_file, tmp_path, assignment, words):
    result = run_panns("train", settings_file, "--set", assignment, "-o", tmp_path / "out")
    assert result.returncode == 1
    assert words in result.stderr


@pytest.mark.slow
@needs_posix
def test_a_killed_run_resumes_to_the_same_bytes(settings_file, tmp_path):
    arguments = ("train", settings_file, "--set", "n_steps=400", "--set", "checkpoint_steps=3", "-o")
    succeed(run_panns(*arguments, tmp_path / "unbroken"))
    killed = tmp_path / "killed"
    command = [sys.executable, "-m", "panns", *map(os.fspath, (*arguments, killed))]
    for is_resumed in (False, True):
        process = subprocess.Popen(
            command + ["--resume"] * is_resumed, env=own_environment(), stderr=subprocess.DEVNULL
        )
        before = _state_time(killed)
        while _state_time(killed) == before and process.poll() is None:
            time.sleep(0.01)
        os.kill(process.pid, signal.SIGKILL)
        assert process.wait() == -signal.SIGKILL
    succeed(run_panns(*arguments, killed, "--resume"))
    assert (killed / WEIGHTS).read_bytes() == (tmp_path / "unbroken" / WEIGHTS).read_bytes()


@pytest.mark.slow
@needs_posix
def test_a_terminated_run_saves_its_state(settings_file, tmp_path):
    arguments = ("train", settings_file, "--set", "n_steps=60", "--set", "checkpoint_steps=3", "-o")
    succeed(run_panns(*arguments, tmp_path / "unbroken"))
    stopped = tmp_path / "stopped"
    command = [sys.executable, "-m", "panns", *map(os.fspath, (*arguments, stopped))]
    process = subprocess.Popen(command, env=own_environment(), stderr=subprocess.PIPE, text=True)
    while not _state_time(stopped) and process.poll() is None:
        time.sleep(0.01)
    process.terminate()
    _, errors = process.communicate(timeout=600)
    assert process.returncode == 128 + signal.SIGTERM
    assert "Traceback" not in errors
    assert re.search(r"panns: stopped after step \d+ of 60; .*state\.pt is saved; continue with --resume", errors)
    succeed(run_panns(*arguments, stopped, "--resume"))
    assert (stopped / WEIGHTS).read_bytes() == (tmp_path / "unbroken" / WEIGHTS).read_bytes()


def _state_time(folder):
    return (folder / STATE_FILE).stat().st_mtime_ns if (folder / STATE_FILE).is_file() else 0


def run_two(*arguments):
    """JSON result of a training on two processes."""
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2", "-m", "panns"]
    result = subprocess.run(
        [*command, *map(os.fspath, arguments), "--json"],
        env=own_environment(),
        capture_output=True,
        text=True,
        check=False,
        timeout=600,
    )
    assert result.returncode == 0, result.stderr
    (record,) = map(json.loads, result.stdout.splitlines())  # only the first process prints
    return record


@pytest.mark.slow
@needs_posix
def test_two_terminated_processes_save_their_state(settings_file, tmp_path):
    """The launcher passes SIGTERM on; both processes stop after one step, and exit as after that signal."""
    arguments = ("train", settings_file, "--set", "n_steps=200", "--set", "checkpoint_steps=20", "-o")
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2", "-m", "panns"]
    stopped = tmp_path / "stopped"
    process = subprocess.Popen(
        [*command, *map(os.fspath, (*arguments, stopped)), "--set", "log_steps=2"],
        env=own_environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    while not _state_time(stopped) and process.poll() is None:
        time.sleep(0.01)
    process.terminate()
    _, errors = process.communicate(timeout=600)
    assert re.search(r"panns: stopped after step \d+ of 200; .*state\.pt is saved; continue with --resume", errors), (
        errors
    )
    assert process.returncode != 0
    resumed = run_two(*arguments, stopped, "--resume", "--set", "log_steps=2")
    whole = run_two(*arguments, tmp_path / "unbroken", "--set", "log_steps=2")
    assert resumed["test"] == whole["test"]
    assert (stopped / WEIGHTS).read_bytes() == (tmp_path / "unbroken" / WEIGHTS).read_bytes()


@pytest.mark.slow
@needs_posix
def test_all_processes_exit_as_after_sigterm_though_one_received_it(settings_file, tmp_path):
    """Started as torchrun does it, because torchrun hides the exit status of its processes."""
    out = tmp_path / "out"
    settings = [word for one in ("n_steps=2000", "checkpoint_steps=2", "log_steps=2") for word in ("--set", one)]
    command = [sys.executable, "-m", "panns", "train", str(settings_file), *settings, "-o", str(out)]
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = str(free.getsockname()[1])
    world = {"WORLD_SIZE": "2", "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": port}
    processes = [
        subprocess.Popen(
            command,
            env=own_environment() | world | {"RANK": rank, "LOCAL_RANK": rank},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )
        for rank in ("0", "1")
    ]
    while not _state_time(out) and all(process.poll() is None for process in processes):
        time.sleep(0.01)
    processes[1].terminate()
    for process in processes:
        _, errors = process.communicate(timeout=600)
        assert process.returncode == 128 + signal.SIGTERM, errors
        assert "Traceback" not in errors


@pytest.mark.slow
def test_two_processes_train_one_model(settings_file, tmp_path):
    record = run_two("train", settings_file, "--set", "n_steps=30", "-o", tmp_path / "out")
    assert record["test"]["accuracy"] > 0.9
    assert len((tmp_path / "out" / METRICS_FILE).read_text().splitlines()) == 2


@pytest.mark.slow
@pytest.mark.parametrize("head", ["classifier", "linear", "mlp"])
@pytest.mark.parametrize("trained", ["head", "last", "all"])
def test_two_processes_train_every_head(settings_file, tmp_path, head, trained):
    changes = (
        f"model.transfer.head={head}",
        f"model.transfer.trained={trained}",
        "n_steps=4",
        "optim.head_only_steps=2",
    )
    run_two("train", settings_file, *(word for change in changes for word in ("--set", change)), "-o", tmp_path / "out")


@pytest.mark.slow
def test_two_processes_train_fold_after_fold(settings_file, tmp_path):
    record = run_two("train", settings_file, "--set", "n_steps=3", "--cross-validate", "-o", tmp_path / "out")
    assert set(record["accuracy"]["folds"]) == {"1", "2"}
