"""Ctrl-C ends every verb at once, whatever it waits for."""

import json
import os
import re
import signal
import subprocess
import sys
import time

import pytest

from tests.commands import own_environment
from tests.sounds import write_silent_wav
from tests.terminal import Terminal

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="no such signal, no pseudo-terminals")


@pytest.fixture
def hours(tmp_path):
    return write_silent_wav(tmp_path / "hours.wav", 10 * 3600)


def start(*arguments, **keywords):
    command = [sys.executable, "-m", "panns", *map(str, arguments)]
    keywords = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE} | keywords
    return subprocess.Popen(command, env=own_environment(), **keywords)


def interrupt(process, times=1):
    """Its output; it must end at once and say why."""
    since_s = time.monotonic()
    for _ in range(times):
        process.send_signal(signal.SIGINT)
        time.sleep(0.02)
    output, errors = process.communicate(timeout=20)
    assert process.returncode == 130
    assert time.monotonic() - since_s < 5
    assert errors.endswith(b"panns: interrupted\n")
    assert b"Traceback" not in errors
    assert b"Fatal" not in errors
    return output


def test_progress_on_a_terminal_and_an_interrupt_that_ends_it(tiny_checkpoint, hours):
    terminal = Terminal("-m", "panns", "tag", hours, "--model", tiny_checkpoint)
    give_up_s = time.monotonic() + 60
    while b"/36000" not in terminal.shown and time.monotonic() < give_up_s:
        time.sleep(0.05)
    terminal.process.send_signal(signal.SIGINT)
    since_s = time.monotonic()
    assert terminal.wait(20) == b""
    assert time.monotonic() - since_s < 5
    assert terminal.process.returncode == 130
    assert b"cnn6 on cpu by onnx" in terminal.shown
    assert re.search(rb"\d+/36000.*seconds of sound", terminal.shown)
    assert terminal.lines == ["cnn6 on cpu by onnx", "panns: interrupted"]
    assert terminal.shown.rfind(b"\x1b[?25h") > terminal.shown.rfind(b"\x1b[?25l")  # the cursor is there again


def test_the_files_that_wait_end_too(tiny_checkpoint, sound, hours):
    process = start("tag", sound, *[hours] * 20, "--json", "--model", tiny_checkpoint)
    assert json.loads(process.stdout.readline())["file"] == str(sound)
    assert interrupt(process) == b""


@pytest.mark.parametrize("times", [1, 3])
@pytest.mark.parametrize("kind", ["fifo", "silent pipe"])
def test_input_that_never_comes(tiny_checkpoint, sound, tmp_path, kind, times):
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    waiting = "-" if kind == "silent pipe" else fifo
    process = start("tag", sound, waiting, "--json", "--model", tiny_checkpoint, stdin=subprocess.PIPE)
    assert json.loads(process.stdout.readline())["file"] == str(sound)
    time.sleep(0.2)  # until the other one is waited for
    assert interrupt(process, times) == b""


def test_a_reader_that_went_away_does_not_leave_a_worker_waiting(tiny_checkpoint, sound):
    process = start("tag", *[sound] * 3, "-", "--json", "--model", tiny_checkpoint, stdin=subprocess.PIPE)
    process.stdout.close()
    process.wait(timeout=30)
    assert process.returncode == 1
    assert b"Traceback" not in process.stderr.read()
    process.stderr.close()
    process.stdin.close()
