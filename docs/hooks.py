"""Build hooks of the documentation site: pages outside `docs/`, and the reference of commands, made from the code.

Pages keep their paths in the repository, so that their links work on the site and in a checkout alike.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from typer.main import get_command

from panns.cli.main import app

ROOT = Path(__file__).resolve().parent.parent
# Pages, and the files that they link to.
PATTERNS = (
    "*.md",
    "CITATION.cff",
    "LICENSE",
    "docs/**/*.md",
    "docs/**/*.svg",
    "docs/**/*.png",
    "docs/settings.toml",
    "recipes/**/*.md",
    "recipes/**/*.png",
    "recipes/**/*.toml",
    "benchmarks/*.md",
    "examples/*.py",
    "examples/README.md",
)
COMMANDS_PAGE = "docs/reference/commands.md"


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Take the pages from the whole repository."""
    theme = [file for file in files if file.src_dir != config.docs_dir]
    found = sorted({path for pattern in PATTERNS for path in ROOT.glob(pattern)})
    pages = [
        File(path.relative_to(ROOT).as_posix(), str(ROOT), config.site_dir, config.use_directory_urls) for path in found
    ]
    return Files([*theme, *pages, File.generated(config, COMMANDS_PAGE, content=commands_page())])


def commands_page() -> str:
    """The reference of every command, from the declarations that `--help` prints."""
    root = get_command(app)
    sections = [text for name, command in _commands("panns", root) for text in _section(name, command)]
    return "\n".join(["# Commands", "", "Every command of `panns`, as `--help` prints it.", "", *sections])


def _commands(name: str, command: Any) -> Iterator[tuple[str, Any]]:  # noqa: ANN401 - click's, which typer brings along
    subcommands = getattr(command, "commands", {})
    if not subcommands:
        yield name, command
    for one, subcommand in sorted(subcommands.items()):
        yield from _commands(f"{name} {one}", subcommand)


def _section(name: str, command: Any) -> Iterator[str]:  # noqa: ANN401
    arguments = " ".join(_names(one) for one in command.params if one.param_type_name == "argument")
    yield from (f"## {name}", "", f"```text\n{name} [OPTIONS] {arguments}".rstrip() + "\n```", "")
    yield from ((command.help or "").replace("\b", "").strip(), "")
    yield from ("| argument or option | meaning | default |", "|---|---|---|")
    for one in command.params:
        default = "" if one.default in (None, False, ()) or callable(one.default) else f"`{one.default}`"
        meaning = " ".join((getattr(one, "help", None) or "").split())
        yield f"| `{_names(one)}` | {meaning} | {default} |".replace("||", "| |")
    yield ""


def _names(parameter: Any) -> str:  # noqa: ANN401
    """`--threshold, -t` of an option, `PATH` of an argument."""
    if parameter.param_type_name == "argument":
        return str(parameter.metavar or parameter.name.upper())
    return ", ".join([*parameter.opts, *parameter.secondary_opts])
