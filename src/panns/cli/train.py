"""`panns train`: train a model from a settings file."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from panns.cli import options
from panns.cli.terminal.bars import Bar
from panns.cli.terminal.output import print_json, print_line
from panns.cli.terminal.signals import stopping_at_progress

if TYPE_CHECKING:
    from panns.training.cross_validation import CrossValidation
    from panns.training.run import TrainingResult


def _print_template(is_wanted: bool) -> None:
    if is_wanted:
        from panns.system.extras import require

        require("torch", "safetensors", what="training", extra="train")
        from panns.training.template import render_template

        for line in render_template().splitlines():
            print_line(line)
        raise typer.Exit


def train(
    config: Annotated[
        Path, typer.Argument(metavar="CONFIG.toml", help="Settings file; --template prints all settings.")
    ],
    assignments: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="KEY=VALUE", help="Change a setting, such as optim.lr=1e-3; may be repeated."),
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option(
            "--output",
            "-o",
            metavar="FOLDER",
            help="Run folder. Default: runs/NAME, with the name of the settings file, or of its folder for train.toml.",
        ),
    ] = None,
    skip_damaged: options.SkipDamaged = False,
    is_resumed: Annotated[bool, typer.Option("--resume", help="Continue an interrupted run in that folder.")] = False,
    is_cross_validated: Annotated[
        bool, typer.Option("--cross-validate", help="Train one model per fold, and test it on that fold.")
    ] = False,
    device: options.Device = options.DeviceChoice.auto,
    as_json: options.AsJson = False,
    _prints_template: Annotated[
        bool,
        typer.Option(
            "--template", is_eager=True, callback=_print_template, help="Print a settings file with comments and exit."
        ),
    ] = False,
) -> None:
    """Train a model from a settings file.

    Tests the model on the held-out fold and writes its checkpoint. On several GPUs:
    torchrun --nproc-per-node 8 -m panns train CONFIG.toml
    """
    from panns.system.extras import require

    require("torch", "safetensors", what="training", extra="train")
    from panns.runtime.torch_backend import usable_device
    from panns.training.cross_validation import cross_validate
    from panns.training.engine.distributed import is_first_process, join_world
    from panns.training.run import train_model
    from panns.training.settings import read_settings

    settings = read_settings(config, (*(assignments or ()), *(["data.skip_damaged=true"] if skip_damaged else [])))
    # Recipes call their settings train.toml; the name of the folder says more.
    name = config.absolute().parent.name if config.stem == "train" else config.stem
    out = output or Path("runs") / name
    with (
        Bar() as bar,
        stopping_at_progress(bar.show) as on_progress,
        join_world(usable_device(device.value)) as world,
    ):
        if is_cross_validated:
            crossed = cross_validate(settings, out, world=world, is_resumed=is_resumed, on_progress=on_progress)
        else:
            trained = train_model(settings, out, world=world, is_resumed=is_resumed, on_progress=on_progress)
    if not is_first_process():
        return
    if is_cross_validated:
        print_json({"folder": str(out), **crossed.to_dict()}) if as_json else _print_cross_validation(crossed, out)
    else:
        print_json(record_of(trained)) if as_json else print_trained(trained)


def record_of(trained: TrainingResult) -> dict[str, object]:
    """JSON of a training run."""
    parts = trained.parts
    return {
        "model": str(trained.checkpoint.path),
        "labels": [label.en for label in trained.checkpoint.manifest.labels],
        "n_train": len(parts.train),
        "n_validation": len(parts.validation),
        "n_test": len(parts.test),
        "n_left_out": len(parts.left_out),
        "skipped": [one.to_dict() for one in trained.skipped],
        "validation": None if trained.validation is None else trained.validation.to_dict(),
        "test": None if trained.test is None else trained.test.to_dict(),
    }


def print_trained(trained: TrainingResult) -> None:
    """Print the number of clips, the quality of the model, and how to use it."""
    from panns.training.run import main_measure

    parts, manifest = trained.parts, trained.checkpoint.manifest
    print_line(f"{len(manifest.labels)} classes, {len(parts.train)} training clips")
    for what, part, evaluation in (
        ("validation", parts.validation, trained.validation),
        ("test", parts.test, trained.test),
    ):
        if evaluation is not None:
            name, value = main_measure(evaluation)
            print_line(f"{name.replace('_', ' ')} {value:.3f} on {len(part)} {what} clips")
    if len(parts.left_out):
        print_line(f"{len(parts.left_out)} clips were left out because they share a source with held-out clips")
    print_line(f"{trained.checkpoint.path}  use it: panns tag SOUND --model {trained.checkpoint.path}")


def _print_cross_validation(crossed: CrossValidation, out: Path) -> None:
    """Print mean, standard deviation and the value of each fold, one measure per line."""
    print_line(f"{len(crossed.folds)} folds: {', '.join(crossed.folds)}; in {out}")
    for name, values in crossed.to_dict().items():
        per_fold = "  ".join(f"{value:.3f}" for value in values["folds"].values())
        print_line(f"{values['mean']:.3f} +- {values['deviation']:.3f}  {name.replace('_', ' ')}  ({per_fold})")
