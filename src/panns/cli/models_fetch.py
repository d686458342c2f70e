"""`panns models fetch`: download published weights."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from panns.cli.terminal.bars import Bar, doing
from panns.cli.terminal.output import complain, print_line


def fetch_model(
    name: Annotated[str, typer.Argument(metavar="NAME", help="Name from `panns models list`.")],
    from_file: Annotated[
        Path | None,
        typer.Option("--from", metavar="FILE", help="Use this file instead of downloading; it is verified as well."),
    ] = None,
) -> None:
    """Download the weights of a model.

    Verifies the published weights, stores them in the cache, and converts them.
    """
    from panns.errors import MissingExtra, WeightsMissing
    from panns.hub.download import fetch
    from panns.hub.resolve import verify_or_rebuild
    from panns.models import find_model

    entry = find_model(name)
    if entry.shipped is not None:
        print_line(f"{name} is ready: it is part of this package")
        return
    if entry.weights is None:
        raise WeightsMissing(entry.missing_weights_message)
    complain(f"licence of the weights: {entry.weights.licence}; {entry.weights.describe_check()}")
    with Bar() as bar:
        path = fetch(entry.weights, name=name, from_file=from_file, on_progress=bar.show)
    try:
        with doing(f"converting {name}"):
            checkpoint = verify_or_rebuild(entry)
    except MissingExtra as error:
        complain(f"{path} is downloaded and verified; to run it, {error}")
        raise typer.Exit(1) from None
    print_line(f"{name} is ready: {checkpoint.path}")
