"""Run the command line, in this process or in one of its own, or Python in a process of its own."""

from __future__ import annotations

import contextlib
import io
import os
import signal
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest import mock

import pytest

# For a test of what Windows lacks or does in another way; `tests/test_platforms.py` demands it.
needs_posix = pytest.mark.skipif(
    sys.platform == "win32", reason="needs signals, pipes, links, permissions or terminals of POSIX"
)
needs_permissions = pytest.mark.skipif(
    not hasattr(os, "geteuid") or os.geteuid() == 0, reason="needs a user who may not read every file"
)

SOURCE = Path(__file__).resolve().parent.parent / "src"


@dataclass(frozen=True)
class CommandResult:
    returncode: int
    stdout: str
    stderr: str


class _Stdin(io.BytesIO):
    name = "<stdin>"


def run_panns(*arguments, stdin=b"", cwd=None, encoding="utf-8", **variables):
    """Run `panns` in this process, with its own standard streams, folder and environment variables.

    The command starts no process, so it costs only its own work; use `run_panns_process` for start-up, signals and
    pipes. An unexpected exception fails the test.
    """
    from panns.cli.main import run

    with contextlib.ExitStack() as stack:
        stack.enter_context(mock.patch.dict(os.environ, variables))
        stack.enter_context(mock.patch.object(sys, "stdin", io.TextIOWrapper(_Stdin(stdin), "utf-8")))
        if cwd is not None:
            stack.enter_context(contextlib.chdir(cwd))
        stdout, stderr = io.BytesIO(), io.BytesIO()
        # As `panns.cli.main.main` sets up the standard streams.
        out = io.TextIOWrapper(stdout, encoding, errors="backslashreplace")
        err = io.TextIOWrapper(stderr, encoding, errors="backslashreplace")
        stack.enter_context(contextlib.redirect_stdout(out))
        stack.enter_context(contextlib.redirect_stderr(err))
        status = run([os.fspath(one) if isinstance(one, os.PathLike) else str(one) for one in arguments])
        out.flush()
        err.flush()
    return CommandResult(status, _decode(stdout.getvalue(), encoding), _decode(stderr.getvalue(), encoding))


def _decode(output, encoding="utf-8"):
    return output.decode(encoding, errors="surrogateescape").replace(os.linesep, "\n")


def own_environment(**variables):
    """The environment of a process that runs this checkout, from any folder."""
    return {**os.environ, "PYTHONPATH": str(SOURCE), "PYTHONWARNINGS": "default", **variables}


def _allow_interrupts():
    signal.signal(signal.SIGINT, signal.SIG_DFL)


# Of `subprocess.Popen`, undoes in the new process that a shell ignores SIGINT for its background commands.
INTERRUPTIBLE: dict[str, Any] = {} if sys.platform == "win32" else {"preexec_fn": _allow_interrupts}


def run_panns_process(*arguments, stdin=b"", cwd=None, timeout_s=600, **variables):
    """Run `panns` in a process of its own. A traceback fails the test."""
    command = [sys.executable, "-m", "panns", *map(os.fspath, arguments)]
    return _run(command, stdin, cwd, timeout_s, variables)


def run_python(code, *arguments, cwd=None, timeout_s=600, **variables):
    """Run a piece of Python in a process of its own. A traceback fails the test."""
    return _run([sys.executable, "-c", code, *map(os.fspath, arguments)], b"", cwd, timeout_s, variables)


def _run(command, stdin, cwd, timeout_s, variables):
    done = subprocess.run(
        command,
        input=stdin,
        capture_output=True,
        cwd=cwd,
        env=own_environment(**variables),
        timeout=timeout_s,
        check=False,
    )
    result = CommandResult(done.returncode, _decode(done.stdout), _decode(done.stderr))
    assert "Traceback" not in result.stderr, result.stderr
    return result


def succeed(result):
    """The output of a command that must have ended well."""
    assert result.returncode == 0, result.stderr
    return result.stdout


# Put before other code, it makes these packages look as if they were not installed.
WITHOUT_TORCH = """
import sys

class _Absent:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {"torch", "safetensors", "onnx", "onnxscript"}:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name.partition(".")[0])

sys.meta_path.insert(0, _Absent())
"""
