"""The reference of commands, from their declarations: `python docs/commands.py` writes `reference/commands.md`."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import typer
from typer.main import get_command

from panns.cli.main import app

PAGE = Path(__file__).resolve().parent / "reference" / "commands.md"
TYPE_NAME = re.compile(r" <(?!.*\|)[^>]*>")  # of a parameter; a choice such as <en|zh> stays
BRACES = re.compile(r"\{(\w[\w.]*)\}")  # around a required argument


def commands_page() -> str:
    """The reference of every command, from the declarations that `--help` prints."""
    root = get_command(app)
    sections = [text for name, command in _commands("panns", root) for text in _section(name, command)]
    return "\n".join(["# Commands", "", "Every command of `panns`, with its arguments and options.", "", *sections])


def _commands(name: str, command: Any) -> Iterator[tuple[str, Any]]:  # noqa: ANN401 - click's, which typer brings along
    """Names and commands: a group stands before its commands."""
    yield name, command
    for one, subcommand in sorted(getattr(command, "commands", {}).items()):
        yield from _commands(f"{name} {one}", subcommand)


def _section(name: str, command: Any) -> Iterator[str]:  # noqa: ANN401
    context = typer.Context(command, info_name=name)
    pieces = BRACES.sub(r"\1", " ".join(command.collect_usage_pieces(context)))
    yield from (f"## {name}", "", f"```text\n{name} {pieces}\n```", "")
    yield from ((command.help or "").replace("\b", "").strip(), "")
    records = [record for parameter in command.params if (record := parameter.get_help_record(context))]
    if records:
        yield from ("| argument or option | meaning |", "|---|---|")
        yield from (_row(names, meaning) for names, meaning in records)
        yield ""


def _row(names: str, meaning: str) -> str:
    names, meaning = (text.replace("|", "\\|") for text in (TYPE_NAME.sub("", names), " ".join(meaning.split())))
    return f"| `{names}` | {meaning} |"


if __name__ == "__main__":
    PAGE.write_text(commands_page(), encoding="utf-8")
