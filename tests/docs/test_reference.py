"""The reference names every public name and every command."""

import importlib
import re
import subprocess
import sys

import pytest

import panns
from tests.docs.pages import ROOT, load_script

REFERENCE = ROOT / "docs" / "reference"


def test_every_public_name_is_in_the_reference():
    page = (REFERENCE / "python.md").read_text(encoding="utf-8")
    documented = set(re.findall(r"^::: panns\.(\w+)$", page, re.MULTILINE))
    assert documented == set(panns.__all__) - {"__version__"}


def test_every_stable_name_has_an_entry():
    promised = re.findall(r"`(panns[\w.]*)\.__all__`", (REFERENCE / "stability.md").read_text(encoding="utf-8"))
    assert {"panns", "panns.audio"} <= set(promised)
    entries = [object_at(entry) for page in REFERENCE.glob("*.md") for entry in entries_of(page)]
    for module in map(importlib.import_module, promised):
        names = set(module.__all__) - {"__version__"}
        assert [name for name in sorted(names) if not any(getattr(module, name) is one for one in entries)] == []


def test_documented_objects_exist():
    for entry in entries_of(REFERENCE / "building-blocks.md"):
        assert object_at(entry).__doc__


def entries_of(page):
    return re.findall(r"^::: ([\w.]+)$", page.read_text(encoding="utf-8"), re.MULTILINE)


def object_at(path):
    """The module or the object at a dotted path."""
    module, _, name = path.rpartition(".")
    if module and hasattr(importlib.import_module(module), name):
        return getattr(importlib.import_module(module), name)
    return importlib.import_module(path)


def test_the_command_reference_is_that_of_the_code():
    commands = load_script(ROOT / "docs" / "commands.py")
    page = commands.commands_page()
    assert commands.PAGE.read_text(encoding="utf-8") == page, "run python docs/commands.py"
    for name in ("", " tag", " detect", " listen", " models", " models fetch", " data synthesize"):
        assert f"\n## panns{name}\n" in page
    assert "`--version`" in page
    assert re.search(r"\n## panns models\n[^#]*`--json`", page)
    assert re.search(r"`--seed .*default: 0", page)
    assert "audacity" in page
    assert not re.search(r"<(str|path|int|float|list)\b[^|>]*>|^panns .*\{", page, re.MULTILINE), (
        "names of types and braces"
    )


@pytest.mark.slow
def test_the_site_is_built_without_a_warning(tmp_path):
    pytest.importorskip("mkdocs")
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(tmp_path / "site")]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=600, check=False)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "site" / "index.html").is_file()
    assert "panns data synthesize" in (tmp_path / "site/docs/reference/commands/index.html").read_text(encoding="utf-8")
