"""The law of damaged input: a message of the package's own errors, or a plausible answer.

In bounded time and memory, without a crash, without a word on standard output and without the network. A child process
reads the inputs. To repeat one: python -m tests.fuzz.child KIND SEED SEED
"""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.fuzz.kinds import KINDS

_ROOT = Path(__file__).parents[2]
_SLOWEST_CPU_S = 60.0
_MOST_MB = 2_500  # torch and the sounds of every format take 700
# Seeds in the default run, and in batches of the full one, together 1,000 or more.
_FEW = {"sounds": 20, "models": 6, "states": 15, "shards": 10, "clip_lists": 40, "json": 15, "arguments": 4}
_FEW |= {"packed": 30, "annotations": 40, "reviews": 15, "clocks": 20, "pipes": 10, "streams": 10, "comparisons": 10}
_N_BATCHES = {"sounds": 80, "arguments": 1}
# Share of inputs that are refused: if all or none were, the damage would test nothing.
_REFUSED = {"sounds": (0.1, 0.9), "arguments": (0.0, 0.9), "json": (0.1, 0.95), "reviews": (0.3, 0.9)}
_REFUSED["pipes"] = (0.1, 0.9)
_REFUSED["clocks"] = (0.0, 0.1)  # a damaged chunk states nothing


@pytest.fixture
def run(tiny_checkpoint, exported_file):
    def run_batch(kind, first, n):
        package_root = str(Path(sys.modules["panns"].__file__).parents[1])
        environment = os.environ | {
            "PYTHONPATH": os.pathsep.join([package_root, str(_ROOT)]),
            "PANNS_FUZZ_FOLDER": str(tiny_checkpoint),
            "PANNS_FUZZ_FILE": str(exported_file),
        }
        command = [sys.executable, "-m", "tests.fuzz.child", kind, str(first), str(first + n - 1)]
        try:
            done = subprocess.run(
                command,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                timeout=3600,
                env=environment,
                check=False,
            )
            output, ended = done.stdout, f"exit status {done.returncode}: {done.stderr[-2000:]}"
            is_whole = done.returncode == 0
        except subprocess.TimeoutExpired as exc:
            output, ended, is_whole = (exc.stdout or b"").decode(), "no answer in time", False
        lines = [json.loads(line) for line in output.splitlines() if line.endswith("}")]
        assert is_whole, f"the process reading seed {lines[-1]['seed'] if lines else first} ended with {ended}"
        outcomes = [line for line in lines if "ended" in line]
        assert len(outcomes) == n
        return outcomes, lines[-1]

    return run_batch


def _check(kind, outcomes, process):
    assert [one for one in outcomes if one["fault"]] == []
    assert [one for one in outcomes if one["cpu_s"] > _SLOWEST_CPU_S] == []
    # libsndfile prints a line about some damaged ALAC; commands keep it out of their results.
    assert process["n_printed"] <= (1_000 if kind == "sounds" else 0)
    assert process["peak_mb"] < _MOST_MB
    low, high = _REFUSED.get(kind, (0.5, 1.0))  # the others have digests, or little that can change
    assert low <= sum(one["ended"] == "refused" for one in outcomes) / len(outcomes) <= high


def test_the_page_states_the_numbers_of_cases():
    page = (_ROOT / "docs" / "reliability.md").read_text(encoding="utf-8")
    assert f"`make test` runs {sum(_FEW[kind] for kind in KINDS)} of them" in page
    for kind in KINDS:
        assert f"| {250 * _N_BATCHES.get(kind, 4):,}" in page


@pytest.mark.parametrize("kind", KINDS)
def test_damaged_input(run, kind):
    _check(kind, *run(kind, 1, _FEW[kind]))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("kind", "first"), [(kind, 1 + 250 * i) for kind in KINDS for i in range(_N_BATCHES.get(kind, 4))]
)
def test_much_damaged_input(run, kind, first):
    _check(kind, *run(kind, first, 250))
