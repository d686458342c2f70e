"""Thousands of damaged files: each is refused with a sentence, or decoded to finite sound of a plausible length.

A child process decodes them, so that a crash inside a decoder does not end the tests. To repeat one:
python -m tests.audio.decoding.fuzz_child SEED SEED
"""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

_ROOT = Path(__file__).parents[3]
_BATCH = 250
_SLOWEST_S = 120.0


def _run_batch(first):
    last = first + _BATCH - 1
    package_root = str(Path(sys.modules["panns"].__file__).parents[1])
    environment = os.environ | {"PYTHONPATH": os.pathsep.join([package_root, str(_ROOT)])}
    command = [sys.executable, "-m", "tests.audio.decoding.fuzz_child", str(first), str(last)]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=1800, env=environment, check=False)
        output, ended = done.stdout, f"exit status {done.returncode}: {done.stderr[-2000:]}"
        is_whole = done.returncode == 0
    except subprocess.TimeoutExpired as exc:
        output, ended, is_whole = (exc.stdout or b"").decode(), "no answer in time", False
    lines = [json.loads(line) for line in output.splitlines() if line.endswith("}")]
    assert is_whole, f"the process decoding seed {lines[-1]['seed'] if lines else first} ended with {ended}"
    outcomes = [line for line in lines if "ended" in line]
    assert len(outcomes) == _BATCH
    return outcomes


def _check(outcomes):
    faults = [outcome for outcome in outcomes if outcome["fault"]]
    assert faults == []
    slow = [outcome for outcome in outcomes if outcome["seconds"] > _SLOWEST_S]
    assert slow == []
    # If all or none were refused, the damage would test nothing.
    n_refused = sum(outcome["ended"] == "refused" for outcome in outcomes)
    assert 0.1 < n_refused / len(outcomes) < 0.9


def test_damaged_files():
    _check(_run_batch(1))


@pytest.mark.slow
@pytest.mark.parametrize("first", range(1 + _BATCH, 20_000, _BATCH))
def test_many_damaged_files(first):
    _check(_run_batch(first))
