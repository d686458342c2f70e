"""Running the command line, or Python, as a user does: in a process of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

SOURCE = Path(__file__).resolve().parent.parent / "src"


def own_environment(**variables):
    """The environment of a process that runs this checkout, from whatever folder."""
    return {**os.environ, "PYTHONPATH": str(SOURCE), "PYTHONWARNINGS": "default", **variables}


def run_panns(*arguments, stdin=b"", cwd=None, timeout_s=120, **variables):
    """Run `panns`; its output as text. A traceback fails the test, whatever was asked."""
    command = [sys.executable, "-m", "panns", *map(os.fspath, arguments)]
    return _run(command, stdin, cwd, timeout_s, variables)


def run_python(code, *arguments, cwd=None, timeout_s=120, **variables):
    """Run a piece of Python; its output as text."""
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
    result = subprocess.CompletedProcess(
        command,
        done.returncode,
        done.stdout.decode("utf-8", errors="surrogateescape"),
        done.stderr.decode("utf-8", errors="surrogateescape"),
    )
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
