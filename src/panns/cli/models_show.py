"""`panns models show`: details of a model."""

from __future__ import annotations

from typing import Annotated

import typer

from panns.cli import options
from panns.cli.options.model_options import MODEL_HELP
from panns.cli.terminal.bars import doing
from panns.cli.terminal.output import print_json, print_line


def show_model(
    name: Annotated[str, typer.Argument(metavar="MODEL", help=MODEL_HELP)],
    as_json: options.AsJson = False,
) -> None:
    """Show the details of a model.

    Prints input, output, latency, cost, settings of the network, and licence and quality of the weights.
    """
    from panns.cli.render import model_info
    from panns.hub.addresses import is_address
    from panns.hub.resolve import checkpoint_at, is_path
    from panns.hub.shared import shared_checkpoint
    from panns.models import find_model

    if is_address(name):
        with doing(f"loading {name}"):
            checkpoint = shared_checkpoint(name)
        record = model_info.describe_checkpoint(checkpoint, name=name)
    elif is_path(name):
        record = model_info.describe_checkpoint(checkpoint_at(name), name=name)
    else:
        record = model_info.describe_registered(find_model(name))
    if as_json:
        print_json(record)
        return
    for title, lines in model_info.as_text(record).items():
        print_line(title)
        width = max(13, *map(len, lines))
        for key, value in lines.items():
            print_line(f"  {key:<{width}}  {value}")
