"""`panns labels`: search the AudioSet classes."""

from __future__ import annotations

from typing import Annotated

import typer

from panns.cli import options
from panns.cli.terminal.output import complain, print_csv, print_json, print_line


def labels(
    query: Annotated[
        str, typer.Argument(metavar="TEXT", help="Part of an English or Chinese name, or an id (default: list all).")
    ] = "",
    as_json: options.AsJson = False,
    as_csv: options.AsCsv = False,
) -> None:
    """Search the AudioSet classes.

    Searches the 527 classes by English name, Chinese name or id.
    """
    from panns.labels import audioset

    options.refuse_two_formats(as_json, as_csv)
    found = audioset().search(query)
    if as_csv:
        print_csv([("index", "id", "en", "zh", "parents")])
        print_csv((label.index, label.id, label.en, label.zh, ";".join(label.parents)) for label in found)
    for label in () if as_csv else found:
        if as_json:
            print_json(label.to_dict())
        else:
            print_line(f"{label.index:4}  {label.id:<12}  {label.en}  {label.zh}")
    if not found:
        complain(f"no label matches {query!r}; `panns labels` lists all {len(audioset())}")
        raise typer.Exit(1)
