"""The reference of commands, from their declarations: `python docs/commands.py` writes `reference/commands.md`."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import typer
from typer.main import get_command

from panns.cli.main import app

PAGE = Path(__file__).resolve().parent / "reference" / "commands.md"


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
    context = typer.Context(command, info_name=name)
    pieces = " ".join(command.collect_usage_pieces(context))
    yield from (f"## {name}", "", f"```text\n{name} {pieces}\n```", "")
    yield from ((command.help or "").replace("\b", "").strip(), "")
    yield from ("| argument or option | meaning |", "|---|---|")
    for parameter in command.params:
        names, meaning = (text.replace("|", "\\|") for text in parameter.get_help_record(context) or ("", ""))
        if names:
            yield f"| `{names}` | {' '.join(meaning.split())} |"
    yield ""


if __name__ == "__main__":
    PAGE.write_text(commands_page(), encoding="utf-8")
