"""`panns models join`: an ensemble of trained models."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from panns.cli.terminal.output import print_line


class StoredChoice(StrEnum):
    """Data types of stored weights, by name."""

    float32 = "float32"
    float16 = "float16"


def join_models(
    models: Annotated[
        list[str],
        typer.Argument(
            metavar="MODEL",
            help="Two or more names or checkpoint folders with the same architecture, settings and classes.",
        ),
    ],
    output: Annotated[
        Path, typer.Option("--output", "-o", metavar="ENSEMBLE", help="Folder to write the new model to.")
    ],
    stored: Annotated[
        StoredChoice, typer.Option(help="Data type of the stored weights; float16 takes half the space.")
    ] = StoredChoice.float32,
) -> None:
    """Join trained models into an ensemble.

    The logits of the new model are the mean of the logits of its members, such as the models of a cross-validation.
    """
    from panns.system.extras import require

    require("torch", "safetensors", what="joining models", extra="train")
    from panns.training import ensembling

    checkpoint = ensembling.join_models(models, output, stored=stored.value)
    print_line(f"{checkpoint.path}  mean of the logits of {len(models)} models")
