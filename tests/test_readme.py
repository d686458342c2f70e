"""The README's commands are run as they stand.

A fenced block is run if the line before it is a comment that says so:

    <!-- runs -->            as it is, with the examples at hand and nothing in the cache
    <!-- runs: weights -->   the same with `mn04_as` in the cache; skipped where the real weights are not at hand

`bash` and `console` blocks go to bash, of a `console` block only lines that begin with `$ `; what such a block shows
as their output must be printed, up to the digits. `python` blocks go to Python.
"""

import os
import re
import shutil
import stat
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.commands import own_environment

ROOT = Path(__file__).resolve().parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")

BLOCK = re.compile(
    r"^<!-- runs(?P<needs>: \w+)? -->\n+```(?P<language>\w+)\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL
)
FENCED = re.compile(r"^```\w*\n(.*?)^```$", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True)
class Block:
    language: str
    text: str
    needs_weights: bool

    @property
    def code(self):
        if self.language != "console":
            return self.text
        return "".join(f"{line[2:]}\n" for line in self.text.splitlines() if line.startswith("$ "))

    @property
    def output(self):
        """The lines that a console block shows as printed."""
        lines = self.text.splitlines() if self.language == "console" else []
        return [line for line in lines if line.strip() and not line.startswith("$ ") and line.strip() != "..."]


def blocks_of(markdown):
    found = []
    for match in BLOCK.finditer(markdown):
        assert match["language"] in {"bash", "console", "python"}, match["language"]
        assert match["needs"] in {None, ": weights"}, match["needs"]
        found.append(Block(match["language"], match["text"], match["needs"] is not None))
    return found


BLOCKS = blocks_of(README)


def test_blocks_are_found():
    markdown = (
        "a\n\n<!-- runs -->\n```bash\npanns labels dog\n```\n\n```bash\nrm -rf /\n```\n"
        "<!-- runs: weights -->\n\n```console\n$ panns tag a.wav\na.wav  2.0 s\n...\n$ panns --version\n```\n"
    )
    first, second = blocks_of(markdown)
    assert first == Block("bash", "panns labels dog\n", needs_weights=False)
    assert (second.code, second.needs_weights) == ("panns tag a.wav\npanns --version\n", True)
    assert second.output == ["a.wav  2.0 s"]


def test_every_mark_has_its_block():
    assert len(BLOCKS) == README.count("<!-- runs")


def test_there_is_something_to_run():
    assert {block.needs_weights for block in BLOCKS} == {False, True}
    assert "python" in {block.language for block in BLOCKS}


@pytest.fixture
def place(tmp_path):
    """A folder with the examples, and the commands `panns` and `python` on the path."""
    shutil.copytree(ROOT / "examples", tmp_path / "place" / "examples")
    command = tmp_path / "bin" / "panns"
    command.parent.mkdir()
    command.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m panns "$@"\n')
    command.chmod(command.stat().st_mode | stat.S_IXUSR)
    # The installed command comes first; the other is for a checkout that was never installed.
    path = os.pathsep.join([str(Path(sys.executable).parent), str(command.parent), os.environ["PATH"]])
    return tmp_path / "place", path


def run(block, folder, path, **variables):
    command = [sys.executable, "-c"] if block.language == "python" else ["bash", "-euo", "pipefail", "-c"]
    environment = own_environment(PATH=path, **variables)
    return subprocess.run(
        [*command, block.code], cwd=folder, env=environment, capture_output=True, text=True, timeout=120, check=False
    )


def without_digits(text):
    return " ".join(re.sub(r"\d+", "#", text).split())


@pytest.mark.skipif(sys.platform == "win32", reason="no bash")
@pytest.mark.parametrize("block", BLOCKS, ids=lambda block: block.code.strip().splitlines()[0])
def test_block_runs(block, place, request):
    cache = {"PANNS_CACHE": str(request.getfixturevalue("real_cache"))} if block.needs_weights else {}
    done = run(block, *place, **cache)
    assert done.returncode == 0, done.stderr
    printed = {without_digits(line) for line in (done.stdout + done.stderr).splitlines()}
    assert [line for line in block.output if without_digits(line) not in printed] == [], done.stdout


@pytest.mark.skipif(sys.platform == "win32", reason="no bash")
def test_a_command_that_fails_would_be_seen(place):
    assert run(Block("console", "$ panns tag nosuch.wav\n$ true\n", False), *place).returncode == 1


def test_every_make_target_exists():
    code = "\n".join([*FENCED.findall(README), *re.findall(r"`([^`\n]+)`", FENCED.sub("", README))])
    named = set(re.findall(r"^(?:\$ )?make ([\w-]+)", code, re.MULTILINE))
    targets = set(re.findall(r"^([\w-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    assert {"demo", "test"} <= named <= targets


def test_every_relative_link_leads_somewhere():
    links = re.findall(r"\]\(([^)\s]+)\)", FENCED.sub("", README))
    relative = [link.partition("#")[0] for link in links if not re.match(r"[a-z]+:|#", link)]
    assert [link for link in relative if not (ROOT / link).exists()] == []
