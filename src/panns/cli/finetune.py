"""`panns finetune`: a model for classes of one's own, from a folder of sounds."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from panns.cli import options
from panns.cli.terminal.bars import Bar
from panns.cli.terminal.output import print_json
from panns.cli.train import print_trained, record_of
from panns.system.defaults import DEFAULT_MODEL


class HeadChoice(StrEnum):
    """Heads by name."""

    classifier = "classifier"
    linear = "linear"
    bands = "bands"
    mlp = "mlp"


class TrainedChoice(StrEnum):
    """How much learns, by name."""

    head = "head"
    last = "last"
    all = "all"


def finetune(
    clips: Annotated[
        Path,
        typer.Argument(metavar="FOLDER", help="A folder of class folders, or a .csv, .tsv or .jsonl list of clips."),
    ],
    output: Annotated[Path, typer.Option("--output", "-o", metavar="MODEL", help="The folder of the new model.")],
    model: options.ModelName = DEFAULT_MODEL,
    weights: options.WeightsFile = None,
    head: Annotated[
        HeadChoice,
        typer.Option(help="classifier: its own layer anew; linear: on its embedding; mlp: 1,024 units on its scores."),
    ] = HeadChoice.classifier,
    trained: Annotated[
        TrainedChoice, typer.Option("--train", help="What learns: the head, the last three blocks too, or all.")
    ] = TrainedChoice.all,
    n_epochs: Annotated[
        float | None,
        typer.Option(
            "--epochs",
            min=0.1,
            help="How often each clip is heard at most; the best step is kept. By default 20, of few clips more.",
        ),
    ] = None,
    batch_size: Annotated[int, typer.Option("--batch-size", min=2, help="Clips in a batch, at most.")] = 32,
    lr: Annotated[
        float, typer.Option("--lr", help="Learning rate of the head; what was learned before changes at a tenth of it.")
    ] = 3e-3,
    validation_share: Annotated[
        float,
        typer.Option("--validation-share", metavar="SHARE", help="Of the clips, held out to tell which step is best."),
    ] = 0.2,
    test_fold: Annotated[
        str, typer.Option("--test-fold", metavar="F", help="Test with this fold; by default one called test.")
    ] = "",
    seed: Annotated[int, typer.Option(min=0, help="Of everything random.")] = 0,
    changes: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="KEY=VALUE", help="Change any setting of `panns train`; may be given again."),
    ] = None,
    is_resumed: Annotated[bool, typer.Option("--resume", help="Go on with a training that was stopped.")] = False,
    device: options.Device = options.DeviceChoice.auto,
    as_json: options.AsJson = False,
) -> None:
    """Teach a trained model your own classes; the result is a model like any other, for every command.

    The clips are checked first. Those of one recording stay together: some are held out to tell which step was the
    best, and none of these is learned from.
    """
    from panns.system.extras import require

    require("torch", "safetensors", what="fine-tuning", extra="train")
    require("onnx", "onnxscript", what="fine-tuning", extra="export")
    from panns.runtime.torch_backend import usable_device
    from panns.training.engine.distributed import join_world
    from panns.training.engine.transfer import TransferSettings
    from panns.training.finetune import FinetuneOptions
    from panns.training.finetune import finetune as run

    chosen = FinetuneOptions(
        model=model,
        weights="" if weights is None else str(weights),
        transfer=TransferSettings(head=head.value, trained=trained.value),
        n_epochs=n_epochs,
        batch_size=batch_size,
        lr=lr,
        test_fold=test_fold,
        validation_share=validation_share,
        seed=seed,
        changes=tuple(changes or ()),
    )
    with Bar() as bar, join_world(usable_device(device.value)) as world:
        done = run(clips, output, chosen, world=world, is_resumed=is_resumed, on_progress=bar.show)
    print_json(record_of(done)) if as_json else print_trained(done)
