"""`panns models`: what exists, what is known of it, and fetching it."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from panns.cli import options
from panns.cli.terminal.bars import Bar, doing
from panns.cli.terminal.output import complain, print_json, print_line


class StoredChoice(StrEnum):
    """Precisions of stored numbers, by name."""

    float32 = "float32"
    float16 = "float16"


models_app = typer.Typer(rich_markup_mode=None)


@models_app.callback(invoke_without_command=True)
def models(context: typer.Context, as_json: options.AsJson = False) -> None:
    """List the models (also without a command), show what is known of one, fetch its weights, join trained ones."""
    if context.invoked_subcommand is None:
        list_(as_json)


@models_app.command("list")
def list_(as_json: options.AsJson = False) -> None:
    """List every registered model, and whether its weights are on this machine."""
    from panns.cli.render.model_info import summary_of
    from panns.hub.costs import measured_on
    from panns.models import list_models

    rows = [summary_of(entry) for entry in list_models()]
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
        "millions of parameters; for 10 s of sound thousand millions of multiply-adds, without the log-mel, and "
        f"milliseconds with it on one thread ({measured_on()}); size of the .onnx file; mAP on AudioSet as published "
        "by the authors, whose paper is at arXiv under 'source'; `panns models show NAME` says more"
    )


def _cells(row: dict[str, Any]) -> list[str]:
    """One line of the list."""
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
    name: Annotated[
        str, typer.Argument(help="A name from `panns models list`, a checkpoint folder or an exported .onnx file.")
    ],
    as_json: options.AsJson = False,
) -> None:
    """Show everything that is known of a model: what it hears and tells, its settings, and its weights."""
    from panns.cli.render import model_info
    from panns.hub.resolve import checkpoint_at, is_path
    from panns.models import find_model

    if is_path(name):
        record = model_info.about_checkpoint(checkpoint_at(name))
    else:
        record = model_info.about_registered(find_model(name))
    if as_json:
        print_json(record)
        return
    for title, lines in model_info.in_words(record).items():
        print_line(title)
        width = max(13, *map(len, lines))
        for key, value in lines.items():
            print_line(f"  {key:<{width}}  {value}")


@models_app.command()
def fetch(
    name: Annotated[str, typer.Argument(help="A name from `panns models list`.")],
    from_file: Annotated[
        Path | None,
        typer.Option(
            "--from", metavar="FILE", help="Take this file instead of the network; it is checked all the same."
        ),
    ] = None,
) -> None:
    """Fetch the published weights of a model into the cache, check them, and make them ready to run."""
    from panns.errors import MissingExtra, WeightsMissing
    from panns.hub.download import fetch as fetch_weights
    from panns.hub.resolve import verify_or_rebuild
    from panns.models import find_model

    entry = find_model(name)
    if entry.shipped is not None:
        print_line(f"{name} is ready: it came with this package")
        return
    if entry.weights is None:
        raise WeightsMissing(entry.missing_weights_message)
    complain(f"licence of the weights: {entry.weights.licence}; {entry.weights.describe_check()}")
    with Bar() as bar:
        path = fetch_weights(entry.weights, name=name, from_file=from_file, on_progress=bar.show)
    try:
        with doing(f"making {name} ready"):
            checkpoint = verify_or_rebuild(entry)
    except MissingExtra as error:
        complain(f"{path} is fetched and checked; to run it, {error}")
        raise typer.Exit(1) from None
    print_line(f"{name} is ready: {checkpoint.path}")


@models_app.command()
def join(
    models: Annotated[
        list[str],
        typer.Argument(
            metavar="MODEL...",
            help="Two or more names or checkpoint folders of one architecture, with the same settings and classes.",
        ),
    ],
    output: Annotated[Path, typer.Option("--output", "-o", metavar="ENSEMBLE", help="The folder of the new model.")],
    stored: Annotated[
        StoredChoice, typer.Option(help="What its numbers are rounded to; float16 takes half the space.")
    ] = StoredChoice.float32,
) -> None:
    """Join trained models, such as those of a cross-validation, into one whose logits are the mean of theirs."""
    from panns.system.extras import require

    require("torch", "safetensors", what="joining models", extra="train")
    from panns.training.join import join_models

    checkpoint = join_models(models, output, stored=stored.value)
    print_line(f"{checkpoint.path} answers with the mean of {len(models)} models' logits")
