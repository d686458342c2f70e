"""`panns finetune`: adapt a model to your own classes."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from panns.cli import options
from panns.cli.options.model_options import ModelName
from panns.cli.terminal.bars import Bar
from panns.cli.terminal.output import print_json
from panns.cli.terminal.signals import stopping_at_progress
from panns.cli.train import print_trained, record_of
from panns.system.defaults import DEFAULT_MODEL


class HeadChoice(StrEnum):
    """Heads by name."""

    classifier = "classifier"
    linear = "linear"
    bands = "bands"
    mlp = "mlp"


class TrainedChoice(StrEnum):
    """Trained parts of the network, by name."""

    head = "head"
    last = "last"
    all = "all"


def finetune(
    clips: Annotated[
        Path,
        typer.Argument(
            metavar="FOLDER", help="Clips: a folder of class folders, or a .csv, .tsv or .jsonl list of clips."
        ),
    ],
    output: Annotated[Path, typer.Option("--output", "-o", metavar="MODEL", help="Folder to write the new model to.")],
    model: ModelName = DEFAULT_MODEL,
    weights: options.WeightsFile = None,
    head: Annotated[
        HeadChoice,
        typer.Option(
            help="New output layer. classifier: replaces the model's own; linear: a linear layer on the embedding; "
            "bands: a linear layer on the features of each frequency band; mlp: a hidden layer of 1,024 units on the "
            "logits."
        ),
    ] = HeadChoice.classifier,
    trained: Annotated[
        TrainedChoice,
        typer.Option("--train", help="Trained parts. head: the head only; last: also the last three blocks; all."),
    ] = TrainedChoice.all,
    n_epochs: Annotated[
        float | None,
        typer.Option(
            "--epochs",
            metavar="N",
            min=0.1,
            help="Maximum number of passes over the clips; the best step is kept. Default: 20, more for few clips.",
            show_default=False,
        ),
    ] = None,
    batch_size: Annotated[
        int, typer.Option("--batch-size", metavar="N", min=2, help="Maximum number of clips per batch.")
    ] = 32,
    lr: Annotated[
        float,
        typer.Option(
            "--lr", metavar="RATE", help="Learning rate of the head; the pretrained layers use a tenth of it."
        ),
    ] = 3e-3,
    validation_share: Annotated[
        float,
        typer.Option(
            "--validation-share", metavar="SHARE", help="Share of the clips held out to choose the best step."
        ),
    ] = 0.2,
    test_fold: Annotated[
        str,
        typer.Option(
            "--test-fold", metavar="F", help="Fold to test on. Default: the fold named test.", show_default=False
        ),
    ] = "",
    seed: Annotated[int, typer.Option(metavar="N", min=0, help="Random seed.")] = 0,
    changes: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="KEY=VALUE", help="Change any setting of `panns train`; may be repeated."),
    ] = None,
    skip_damaged: options.SkipDamaged = False,
    is_resumed: Annotated[bool, typer.Option("--resume", help="Continue an interrupted run in that folder.")] = False,
    device: options.Device = options.DeviceChoice.auto,
    as_json: options.AsJson = False,
) -> None:
    """Fine-tune a model on your own classes.

    Checks the clips first. Clips of one recording stay in one part: training, or the validation part that chooses the
    best step. Every other command accepts the new model.
    """
    from panns.system.extras import require

    require("torch", "safetensors", what="fine-tuning", extra="train")
    require("onnx", "onnxscript", what="fine-tuning", extra="export")
    from panns.runtime.torch_backend import usable_device
    from panns.training.engine.distributed import join_world
    from panns.training.engine.transfer_learning import TransferSettings
    from panns.training.finetune import FinetuneOptions
    from panns.training.finetune import finetune as run

    settings = FinetuneOptions(
        model=model,
        weights="" if weights is None else str(weights),
        transfer=TransferSettings(head=head.value, trained=trained.value),
        n_epochs=n_epochs,
        batch_size=batch_size,
        lr=lr,
        test_fold=test_fold,
        validation_share=validation_share,
        seed=seed,
        skip_damaged=skip_damaged,
        changes=tuple(changes or ()),
    )
    with (
        Bar() as bar,
        stopping_at_progress(bar.show) as on_progress,
        join_world(usable_device(device.value)) as world,
    ):
        finished = run(clips, output, settings, world=world, is_resumed=is_resumed, on_progress=on_progress)
    print_json(record_of(finished)) if as_json else print_trained(finished)
