"""The reference names every public name and every command."""

import importlib
import importlib.util
import re
import subprocess
import sys

import pytest

import panns
from tests.docs.pages import ROOT

REFERENCE = ROOT / "docs" / "reference"


def test_every_public_name_is_in_the_reference():
    page = (REFERENCE / "python.md").read_text(encoding="utf-8")
    documented = set(re.findall(r"^::: panns\.(\w+)$", page, re.MULTILINE))
    assert documented == set(panns.__all__) - {"__version__"}


def test_documented_modules_exist():
    page = (REFERENCE / "building-blocks.md").read_text(encoding="utf-8")
    for name in re.findall(r"^::: ([\w.]+)$", page, re.MULTILINE):
        assert importlib.import_module(name).__doc__


def test_the_command_reference_is_that_of_the_code():
    path = ROOT / "docs" / "commands.py"
    spec = importlib.util.spec_from_file_location("docs_commands", path)
    commands = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(commands)
    page = commands.commands_page()
    assert commands.PAGE.read_text(encoding="utf-8") == page, "run python docs/commands.py"
    for name in ("", " tag", " detect", " listen", " models", " models fetch", " data synthesize"):
        assert f"\n## panns{name}\n" in page
    assert "`--version`" in page
    assert re.search(r"\n## panns models\n[^#]*`--json`", page)
    assert re.search(r"`--seed .*default: 0", page)
    assert "audacity" in page
    assert not re.search(r"<(str|path|int|float|list)\b[^|>]*>|\{", page), "names of types and braces"


@pytest.mark.slow
def test_the_site_is_built_without_a_warning(tmp_path):
    pytest.importorskip("mkdocs")
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(tmp_path / "site")]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=600, check=False)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "site" / "index.html").is_file()
    assert "panns data synthesize" in (tmp_path / "site/docs/reference/commands/index.html").read_text(encoding="utf-8")
