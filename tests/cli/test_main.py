import re
import subprocess
import sys
from typing import Any

import pytest
from typer.main import get_command

from panns.cli.main import app
from tests.commands import own_environment, run_panns, run_panns_process, run_python, succeed

COMMANDS = [
    *("tag", "detect", "listen", "review", "embed", "explain", "labels", "finetune", "train", "evaluate", "export"),
    *("models", "models list", "models show", "models fetch", "models join", "models pack"),
    *("data", "data check", "data shard", "data synthesize"),
]


def summaries(*group):
    """One-line summaries by command, from the help of a group of commands at 80 columns."""
    text = succeed(run_panns(*group, "--help", COLUMNS="80"))
    return dict(re.findall(r"^  (\w+) +(.*)$", text.partition("Commands:")[2], re.MULTILINE))


@pytest.mark.parametrize("group", ["", "models", "data"])
def test_help_lists_every_command_with_its_whole_summary(group):
    listed = summaries(*group.split())
    assert set(listed) == {name.removeprefix(f"{group} ") for name in COMMANDS if name.rpartition(" ")[0] == group}
    for summary in listed.values():
        assert summary.endswith(".")
        assert not summary.endswith("...")


@pytest.mark.parametrize("command", COMMANDS)
def test_help_of_a_command(command):
    text = succeed(run_panns(*command.split(), "-h", COLUMNS="80"))
    assert text.startswith(f"Usage: panns {command} ")
    assert text == succeed(run_panns(*command.split(), "--help", COLUMNS="80"))
    assert max(map(len, text.splitlines())) <= 80


@pytest.mark.parametrize("command", COMMANDS)
def test_every_option_is_explained(command):
    current: Any = get_command(app)
    for name in command.split():
        current = current.commands[name]
    unexplained = [one.name for one in current.params if not (one.help or "").endswith(".")]
    assert unexplained == []


def test_version():
    name, number = succeed(run_panns("--version")).split()
    assert name == "panns"
    assert number.count(".") == 2


@pytest.mark.parametrize("arguments", [("frobnicate",), ("--nosuch",), ("models", "frobnicate")])
def test_an_unknown_command_is_wrong_usage(arguments):
    result = run_panns(*arguments)
    assert (result.returncode, result.stdout) == (2, "")
    assert arguments[-1] in result.stderr


def test_no_command_shows_the_help():
    result = run_panns()
    assert result.returncode == 2
    assert "Commands:" in result.stdout + result.stderr


HELP = """
import sys
from panns.cli.main import run
run(["--help"])
print(*{name.partition(".")[0] for name in sys.modules})
"""


def test_help_imports_nothing_heavy():
    """The help answers at once because of that."""
    imported = set(succeed(run_python(HELP)).splitlines()[-1].split())
    assert {"typer", "panns"} <= imported
    assert not imported & {"numpy", "onnxruntime", "torch", "soundfile", "rich", "matplotlib"}


def test_module_and_entry_point_are_the_same_command():
    command = [sys.executable, "-c", "from panns.cli.main import main; main()", "labels", "dog"]
    done = subprocess.run(command, env=own_environment(), capture_output=True, check=True, text=True, timeout=600)
    assert done.stdout == succeed(run_panns_process("labels", "dog")) == succeed(run_panns("labels", "dog"))


@pytest.mark.parametrize(("arguments", "status"), [(("labels", "zzzz"), 1), (("--nosuch",), 2)])
def test_exit_status_of_the_process(arguments, status):
    result = run_panns_process(*arguments)
    assert (result.returncode, result.stdout) == (status, "")


def test_a_cache_that_is_a_file_is_an_error(tmp_path):
    file = tmp_path / "cache"
    file.write_text("")
    result = run_panns("tag", "a.wav", PANNS_CACHE=str(file))
    assert result.returncode == 1
    assert result.stderr == f"panns: the cache path {file} is a file; set PANNS_CACHE to a folder\n"


def test_what_a_library_prints_stays_out_of_the_results():
    code = (
        "import os\n"
        "from panns.cli import main\n"
        "@main.app.command()\n"
        "def noisy():\n"
        "    os.write(1, b'a library prints\\n')\n"
        "    print('{}')\n"
        "main.main()"
    )
    command = [sys.executable, "-c", code, "noisy"]
    done = subprocess.run(command, env=own_environment(), capture_output=True, check=True, text=True, timeout=600)
    assert done.stdout == "{}\n"
    assert done.stderr == "a library prints\n"
