"""`panns labels`: the classes, searched in both languages."""

from __future__ import annotations

from typing import Annotated

import typer

from panns.cli import options
from panns.cli.terminal.output import complain, print_csv, print_json, print_line


def labels(
    query: Annotated[str, typer.Argument(help="Words in English or Chinese, or an id; nothing for all.")] = "",
    as_json: options.AsJson = False,
    as_csv: options.AsCsv = False,
) -> None:
    """Search the 527 classes of AudioSet by English or Chinese name, or by id."""
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
        complain(f"no label has {query!r} in its name; `panns labels` lists all {len(audioset())}")
        raise typer.Exit(1)
