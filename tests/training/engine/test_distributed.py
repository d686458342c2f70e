"""Several processes give the model of one, and a killed process loses nothing."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from panns.training.engine.distributed import World, join_world
from tests.commands import needs_posix, own_environment

PROCESS = Path(__file__).with_name("process.py")
OPTIM = {"lr": 0.02, "warmup_steps": 3}


def start(folder, config, *more, n_processes=1):
    folder.mkdir(exist_ok=True)
    launcher = (
        [sys.executable]
        if n_processes == 1
        else [sys.executable, "-m", "torch.distributed.run", "--standalone", f"--nproc-per-node={n_processes}"]
    )
    command = [*launcher, str(PROCESS), str(folder), json.dumps(config), *map(str, more)]
    with (folder / "errors.txt").open("a") as errors:
        return subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=errors, env=own_environment(OMP_NUM_THREADS="1")
        )


def finish(folder, config, **more):
    process = start(folder, config, **more)
    process.communicate(timeout=600)
    assert process.returncode == 0, (folder / "errors.txt").read_text()
    return folder


def load(path):
    return torch.load(path, weights_only=True)


@pytest.mark.slow
@pytest.mark.parametrize("n_parts", [1, 2])
def test_two_processes_give_the_model_of_one(tmp_path, n_parts):
    """With frozen statistics and without dropout, which both depend on the clips of one process."""
    config = {"n_steps": 12, "optim": OPTIM | {"max_grad_norm": 0.3}, "keeps_statistics": True, "n_parts": n_parts}
    one = finish(tmp_path / "one", config)
    two = finish(tmp_path / "two", config, n_processes=2)
    for name in ("network", "average"):
        alone, first, second = (
            load(path) for path in (one / f"{name}_0.pt", two / f"{name}_0.pt", two / f"{name}_1.pt")
        )
        for key in alone:
            assert torch.equal(first[key], second[key])
            torch.testing.assert_close(alone[key], first[key], rtol=0, atol=1e-6)
    logged = [json.loads((folder / "metrics.jsonl").read_text().splitlines()[-1]) for folder in (one, two)]
    assert logged[0]["loss"] == pytest.approx(logged[1]["loss"], abs=1e-5)


@pytest.mark.slow
def test_two_processes_resume_exactly(tmp_path):
    """With dropout and running statistics in each process."""
    config = {"n_steps": 8, "optim": OPTIM, "checkpoint_steps": 4}
    unbroken = finish(tmp_path / "unbroken", config, n_processes=2)
    stopped = tmp_path / "stopped"
    process = start(stopped, config, 0.2, n_processes=2)
    for line in process.stdout:
        if int(line) == 5:
            break
    process.terminate()
    process.communicate(timeout=600)
    assert load(stopped / "state.pt")["n_steps"] == 4
    finish(stopped, config, n_processes=2)
    for name in ("network_0.pt", "average_0.pt"):
        again = load(stopped / name)
        assert all(torch.equal(value, again[key]) for key, value in load(unbroken / name).items())


@pytest.mark.slow
@needs_posix
def test_a_killed_process_loses_nothing(tmp_path):
    config = {"n_steps": 40, "optim": OPTIM, "checkpoint_steps": 1, "log_steps": 3}
    unbroken = finish(tmp_path / "unbroken", config)
    killed = tmp_path / "killed"
    for stop in (7, 20):
        process = start(killed, config, 0.01)
        for line in process.stdout:
            if int(line) == stop:
                break
        os.kill(process.pid, signal.SIGKILL)  # at any point, most likely while it writes its state
        process.communicate(timeout=600)
        assert load(killed / "state.pt")["n_steps"] >= stop
    finish(killed, config)
    again = load(killed / "average_0.pt")
    assert all(torch.equal(value, again[key]) for key, value in load(unbroken / "average_0.pt").items())
    assert [path.name for path in killed.glob(".*")] == []


def test_one_process_is_a_world():
    with join_world("cpu") as world:
        assert world == World(0, 1, "cpu")
        assert world.is_first
        assert world.broadcast("x") == "x"
        assert world.sum(torch.ones(2)).tolist() == [1, 1]
