import os
import statistics
import subprocess
import sys
import time

import pytest

from tests.commands import own_environment, run_panns, succeed

VERBS = ["tag", "detect", "listen", "embed", "labels", "export", "models"]


def test_help_names_every_verb():
    text = succeed(run_panns("--help"))
    listed = [line.split()[0] for line in text.partition("Commands:")[2].splitlines() if line.strip()]
    assert set(VERBS) <= set(listed)


@pytest.mark.parametrize("verb", [*VERBS, "models list", "models show", "models fetch"])
def test_every_verb_explains_itself(verb):
    text = succeed(run_panns(*verb.split(), "-h"))
    assert text.startswith("Usage:")
    assert text == succeed(run_panns(*verb.split(), "--help"))


def test_version():
    name, number = succeed(run_panns("--version")).split()
    assert name == "panns"
    assert number.count(".") == 2


@pytest.mark.parametrize("arguments", [("frobnicate",), ("--nosuch",), ("models", "frobnicate")])
def test_an_unknown_verb_is_wrong_usage(arguments):
    result = run_panns(*arguments)
    assert (result.returncode, result.stdout) == (2, "")
    assert arguments[-1] in result.stderr


def test_no_verb_shows_the_help():
    result = run_panns()
    assert result.returncode == 2
    assert "Commands:" in result.stdout + result.stderr


def test_help_answers_at_once():
    """Under 0.3 s of processor time; the time on the wall depends on what else this machine does."""
    seconds = []
    for _ in range(3):
        before = os.times()
        succeed(run_panns("--help"))
        after = os.times()
        seconds.append(after.children_user + after.children_system - before.children_user - before.children_system)
    assert statistics.median(seconds) < 0.3


def test_the_module_is_the_command():
    command = [sys.executable, "-c", "from panns.cli.main import main; main()", "labels", "dog"]
    since_s = time.monotonic()
    done = subprocess.run(command, env=own_environment(), capture_output=True, check=True, text=True, timeout=60)
    assert time.monotonic() - since_s < 60
    assert done.stdout == succeed(run_panns("labels", "dog"))


def test_a_cache_that_is_a_file_is_a_sentence(tmp_path):
    file = tmp_path / "cache"
    file.write_text("")
    result = run_panns("tag", "a.wav", PANNS_CACHE=str(file))
    assert result.returncode == 1
    assert result.stderr == f"panns: the cache {file} is a file; set PANNS_CACHE to a folder\n"
