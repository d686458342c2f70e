"""The PATH arguments of commands that process many sounds."""

from __future__ import annotations

from typing import Annotated

import typer

from panns.batch import Input, expand_paths
from panns.cli.options import wrong_usage

Paths = Annotated[
    list[str],
    typer.Argument(metavar="PATH", help="Sound or video files, folders, glob patterns; - reads standard input."),
]


def expand_inputs(paths: list[str]) -> list[Input]:
    """Expand PATH arguments to sounds; naming standard input twice is wrong usage."""
    with wrong_usage():
        return expand_paths(paths)
