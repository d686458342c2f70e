"""`panns models`: list, show, download and join models."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from panns.cli import options
from panns.cli.options.model_options import MODEL_HELP
from panns.cli.terminal.bars import Bar, doing
from panns.cli.terminal.output import complain, print_json, print_line


class StoredChoice(StrEnum):
    """Data types of stored weights, by name."""

    float32 = "float32"
    float16 = "float16"


models_app = typer.Typer(rich_markup_mode=None)


@models_app.callback(invoke_without_command=True)
def models(context: typer.Context, as_json: options.AsJson = False) -> None:
    """List, show, download and join models.

    Without a command, lists the models.
    """
    if context.invoked_subcommand is None:
        list_(as_json)


@models_app.command("list")
def list_(as_json: options.AsJson = False) -> None:
    """List all registered models."""
    from panns.cli.render.model_info import summarize
    from panns.hub.costs import measured_on
    from panns.models import list_models

    rows = [summarize(entry) for entry in list_models()]
    if as_json:
        for row in rows:
            print_json(row)
        return
    print_line(
        f"{'model':<24} {'M par.':>6} {'G mul.':>6} {'MB':>4} {'CPU-ms':>6} {'mAP':>6} {'source':>10} {'rate':>6}"
        f" {'frames':>7}  weights"
    )
    for row in rows:
        print_line(" ".join(_cells(row)))
    complain(
        "M par.: million parameters; G mul.: billion multiply-adds for 10 s of sound, without the log-mel; MB: size of "
        f"the .onnx file; CPU-ms: time for 10 s of sound on one thread, with the log-mel ({measured_on()}); mAP: on "
        "AudioSet, as published; source: arXiv number of the paper; `panns models show NAME` prints details"
    )


def _cells(row: dict[str, Any]) -> list[str]:
    """Cells of one line of the list."""
    cost = row["cost"] or {}
    rate, hop_s = f"{row['sample_rate'] / 1000:g} kHz", row["frame_hop_s"]
    return [
        f"{row['name']:<24}",
        _number(cost.get("n_parameters"), 1e6, width=6),
        _number(cost.get("multiply_adds"), 1e9, width=6),
        _number(cost.get("n_bytes"), 1e6, width=4, digits=0),
        _number(cost.get("cpu_ms"), 1.0, width=6, digits=0 if cost and cost["cpu_ms"] >= 100 else 1),
        _number(row["value"], 1.0, width=6, digits=3),
        f"{row['arxiv'] or '-':>10}",
        f"{rate:>6}",
        f"{'-' if hop_s is None else f'{hop_s:.2f} s':>7} ",
        row["weights"],
    ]


def _number(value: float | None, unit: float, *, width: int, digits: int = 2) -> str:
    return f"{'-' if value is None else f'{value / unit:.{digits}f}':>{width}}"


@models_app.command()
def show(
    name: Annotated[str, typer.Argument(help=MODEL_HELP)],
    as_json: options.AsJson = False,
) -> None:
    """Show the details of a model.

    Prints input, output, latency, cost, settings of the network, and licence and quality of the weights.
    """
    from panns.cli.render import model_info
    from panns.hub.resolve import checkpoint_at, is_path
    from panns.models import find_model

    if is_path(name):
        record = model_info.describe_checkpoint(checkpoint_at(name))
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


@models_app.command()
def fetch(
    name: Annotated[str, typer.Argument(help="Name from `panns models list`.")],
    from_file: Annotated[
        Path | None,
        typer.Option("--from", metavar="FILE", help="Use this file instead of downloading; it is verified as well."),
    ] = None,
) -> None:
    """Download the weights of a model.

    Verifies the published weights, stores them in the cache, and converts them.
    """
    from panns.errors import MissingExtra, WeightsMissing
    from panns.hub.download import fetch as fetch_weights
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
        path = fetch_weights(entry.weights, name=name, from_file=from_file, on_progress=bar.show)
    try:
        with doing(f"converting {name}"):
            checkpoint = verify_or_rebuild(entry)
    except MissingExtra as error:
        complain(f"{path} is downloaded and verified; to run it, {error}")
        raise typer.Exit(1) from None
    print_line(f"{name} is ready: {checkpoint.path}")


@models_app.command()
def join(
    models: Annotated[
        list[str],
        typer.Argument(
            metavar="MODEL...",
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
    from panns.training.ensembling import join_models

    checkpoint = join_models(models, output, stored=stored.value)
    print_line(f"{checkpoint.path}  mean of the logits of {len(models)} models")
