"""`panns labels`: the classes, searched in both languages."""

from __future__ import annotations

import csv
import json
import sys
from typing import Annotated

import typer

from panns.cli import options


def labels(
    query: Annotated[str, typer.Argument(help="Words in English or Chinese, or an id; nothing for all.")] = "",
    as_json: options.AsJson = False,
    as_csv: options.AsCsv = False,
) -> None:
    """Search the 527 classes of AudioSet by English or Chinese name, or by id."""
    from panns.labels import audioset

    options.refuse_two_formats(as_json, as_csv)
    found = audioset().search(query)
    if as_json:
        for label in found:
            print(json.dumps(label.to_dict(), ensure_ascii=False))
    elif as_csv:
        writer = csv.writer(sys.stdout, lineterminator="\n")
        writer.writerow(["index", "id", "en", "zh"])
        writer.writerows([label.index, label.id, label.en, label.zh] for label in found)
    else:
        for label in found:
            print(f"{label.index:4}  {label.id:<12}  {label.en}  {label.zh}")
    if not found:
        print(f"panns: no label has {query!r} in its name; `panns labels` lists all {len(audioset())}", file=sys.stderr)
        raise typer.Exit(1)
