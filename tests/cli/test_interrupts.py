"""Ctrl-C ends every command soon, whatever it waits for."""

import errno
import json
import os
import re
import signal
import subprocess
import sys
import time

import pytest

from tests.commands import INTERRUPTIBLE, needs_posix, own_environment
from tests.sounds import write_silent_wav
from tests.terminal import Terminal

pytestmark = needs_posix

# A safety net. The work that is interrupted, 200 hours of sound or a pipe that stays silent, takes longer by far.
LIMIT_S = 600


@pytest.fixture
def hours(tmp_path):
    return write_silent_wav(tmp_path / "hours.wav", 10 * 3600)


def start(*arguments, **keywords):
    command = [sys.executable, "-m", "panns", *map(str, arguments)]
    keywords = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE} | keywords
    return subprocess.Popen(command, env=own_environment(), **INTERRUPTIBLE, **keywords)


def interrupt(process, times=1):
    """Interrupt a process, check how it ends, and return its output."""
    for _ in range(times):
        process.send_signal(signal.SIGINT)
        time.sleep(0.02)
    output, errors = process.communicate(timeout=LIMIT_S)
    assert process.returncode == 130
    assert errors.endswith(b"panns: interrupted\n")
    assert b"Traceback" not in errors
    assert b"Fatal" not in errors
    return output


def test_an_interrupt_erases_the_progress_bar(tiny_checkpoint, hours):
    terminal = Terminal("-m", "panns", "tag", hours, "--model", tiny_checkpoint)
    while b"/36000" not in terminal.shown and terminal.process.poll() is None:
        time.sleep(0.05)
    terminal.process.send_signal(signal.SIGINT)
    assert terminal.wait(LIMIT_S) == b""
    assert terminal.process.returncode == 130
    assert b"cnn6 on cpu by onnx" in terminal.shown
    assert re.search(rb"\d+/36000.*seconds of sound", terminal.shown)
    assert terminal.lines == ["cnn6 on cpu by onnx", "panns: interrupted"]
    assert terminal.shown.rfind(b"\x1b[?25h") > terminal.shown.rfind(b"\x1b[?25l")  # the cursor is visible again


def test_waiting_files_are_cancelled(tiny_checkpoint, sound, hours):
    process = start("tag", sound, *[hours] * 20, "--json", "--model", tiny_checkpoint)
    assert json.loads(process.stdout.readline())["file"] == str(sound)
    assert interrupt(process) == b""


def wait_for_reader(fifo):
    """Wait until a process has opened a named pipe for reading; returns the other end, which stays silent."""
    while True:
        try:
            return os.open(fifo, os.O_WRONLY | os.O_NONBLOCK)
        except OSError as error:
            if error.errno != errno.ENXIO:
                raise
        time.sleep(0.05)


@pytest.mark.parametrize("times", [1, 3])
def test_a_silent_named_pipe(tiny_checkpoint, sound, tmp_path, times):
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    process = start("tag", sound, fifo, "--json", "--model", tiny_checkpoint)
    assert json.loads(process.stdout.readline())["file"] == str(sound)
    writer = wait_for_reader(fifo)
    assert interrupt(process, times) == b""
    os.close(writer)


def test_a_silent_standard_input(tiny_checkpoint, sound):
    process = start("tag", sound, "-", "--json", "--model", tiny_checkpoint, stdin=subprocess.PIPE)
    assert json.loads(process.stdout.readline())["file"] == str(sound)
    assert interrupt(process) == b""


def test_a_closed_output_does_not_leave_a_worker_waiting(tiny_checkpoint, sound):
    process = start("tag", *[sound] * 3, "-", "--json", "--model", tiny_checkpoint, stdin=subprocess.PIPE)
    process.stdout.close()
    process.wait(timeout=LIMIT_S)
    assert process.returncode == 1
    assert b"Traceback" not in process.stderr.read()
    process.stderr.close()
    process.stdin.close()
