"""Every code block of every page runs, or says why not."""

import os
import shutil
import subprocess
import sys

import pytest

from panns.training.settings import read_settings
from tests.commands import needs_posix, own_environment
from tests.docs.pages import NEEDS, PAGES, ROOT, Block, blocks_of, is_printed

BLOCKS = {path: blocks_of(path.read_text(encoding="utf-8")) for path in PAGES}
QUICK = {"README.md", "listen-live.md"}  # the other pages run in the long run
MINUTES_S = 600


def id_of(path):
    return path.relative_to(ROOT).as_posix()


@pytest.mark.parametrize("path", PAGES, ids=id_of)
def test_every_code_block_is_marked(path):
    unmarked = [block.text for block in BLOCKS[path] if block.is_code and not block.mark]
    assert unmarked == []
    assert {block.need for block in BLOCKS[path]} <= NEEDS
    assert all(block.is_run or block.mark.partition(":")[2].strip() for block in BLOCKS[path] if block.mark)


@pytest.fixture
def folder(tmp_path):
    """A folder with the examples."""
    shutil.copytree(ROOT / "examples", tmp_path / "place" / "examples")
    return tmp_path / "place"


@pytest.fixture
def path_variable(tmp_path):
    """PATH with the command `panns` of this checkout and the `python` of this environment."""
    command = tmp_path / "bin" / "panns"
    command.parent.mkdir()
    command.touch(mode=0o755)
    command.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m panns "$@"\n')
    return os.pathsep.join([str(command.parent), str(os.path.dirname(sys.executable)), os.environ["PATH"]])  # noqa: PTH120


def run(block, code, folder, path_variable, **variables):
    command = [sys.executable, "-c"] if block.language == "python" else ["bash", "-euo", "pipefail", "-c"]
    return subprocess.run(
        [*command, code],
        cwd=folder,
        env=own_environment(PATH=path_variable, **variables),
        capture_output=True,
        text=True,
        timeout=MINUTES_S,
        check=False,
    )


def pages_that_run():
    for path in PAGES:
        if any(block.is_run for block in BLOCKS[path]):
            yield pytest.param(path, id=id_of(path), marks=[pytest.mark.slow] if path.name not in QUICK else [])


@needs_posix
@pytest.mark.parametrize("path", list(pages_that_run()))
def test_blocks_run(path, folder, path_variable, request):
    python = ""
    for block in (one for one in BLOCKS[path] if one.is_run):
        variables = {}
        if block.need == "torch":
            pytest.importorskip("torch")
        if block.need == "plot":
            pytest.importorskip("matplotlib")
        if block.need == "weights":
            if not (ROOT.parent / "shared" / "weights").is_dir():
                continue
            variables["PANNS_CACHE"] = str(request.getfixturevalue("real_cache"))
        code = block.code
        if block.language == "python":
            code = python = f"{python}\n{code}" if block.need == "continued" else code
        done = run(block, code, folder, path_variable, **variables)
        assert done.returncode == 0, f"{block.code}\n{done.stdout}\n{done.stderr}"
        printed = (done.stdout + done.stderr).splitlines()
        assert is_printed(block.output, printed), f"shown:\n{block.text}\nprinted:\n{done.stdout}\n{done.stderr}"


@needs_posix
def test_a_failing_command_is_noticed(folder, path_variable):
    block = Block("runs", "console", "$ panns tag nosuch.wav\n$ true\n")
    assert run(block, block.code, folder, path_variable).returncode == 1


def test_marks_languages_and_output_are_read():
    page = "<!-- runs -->\n```bash\nls\n```\n\n<!-- not run: why -->\n```console\n$ a\nb  2.0\n```\n```text\nc\n```\n"
    first, second, third = blocks_of(page)
    assert (first.is_run, first.code, first.need) == (True, "ls\n", "")
    assert (second.is_run, second.code, second.output) == (False, "a\n", ["b  2.0"])
    assert not third.is_code


@pytest.mark.parametrize(
    ("shown", "printed", "is_there"),
    [
        (["a 0.98"], ["x", "a  0.981", "b"], True),
        (["a 0.98"], ["a 0.90"], False),
        (["a 1", "b 2"], ["b 2", "a 1"], False),
        (["a"], ["a 1"], False),
        ([], [], True),
    ],
)
def test_output_is_compared_in_order_and_by_value(shown, printed, is_there):
    assert is_printed(shown, printed) is is_there


@pytest.mark.parametrize(
    "text",
    [
        block.text
        for blocks in BLOCKS.values()
        for block in blocks
        if block.language == "toml" and "--8<--" not in block.text
    ],
)
def test_settings_are_read_strictly(text, tmp_path):
    path = tmp_path / "train.toml"
    path.write_text(text, encoding="utf-8")
    assert read_settings(path).model.name == "mn04_as"


def test_there_is_something_to_run():
    runs = [block for blocks in BLOCKS.values() for block in blocks if block.is_run]
    assert len(runs) > 20
    assert {"console", "python"} <= {block.language for block in runs}
