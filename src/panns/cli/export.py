"""`panns export`: one file for other runtimes."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from panns.cli import options
from panns.cli.terminal.bars import doing
from panns.cli.terminal.output import print_line, writing


class FrontendChoice(StrEnum):
    """Where the log-mel is computed."""

    inside = "inside"
    outside = "outside"


def export(
    model: Annotated[
        str, typer.Argument(metavar="MODEL", help="A name from `panns models list` or a checkpoint folder.")
    ],
    output: Annotated[Path, typer.Option("--output", "-o", metavar="FILE.onnx", help="The file to write.")],
    weights: options.WeightsFile = None,
    frontend: Annotated[
        FrontendChoice,
        typer.Option(help="inside: the file takes a waveform, any length, any batch; outside: it takes a log-mel."),
    ] = FrontendChoice.inside,
) -> None:
    """Export a model to one ONNX file with its manifest inside, and check what was written against the network."""
    from panns.hub.resolve import resolve
    from panns.system.extras import require

    options.check_output(output, ".onnx")
    with doing(f"loading {model}"):
        checkpoint = resolve(model, weights=weights, needs_onnx=False)
        require("torch", "safetensors", "onnx", "onnxscript", what="exporting", extra="export")
        from panns.export.to_onnx import export_onnx
        from panns.export.verify import verify_onnx

    with doing(f"exporting {model} and checking the file"), writing(output) as partial:
        export_onnx(checkpoint, partial, frontend=frontend.value)
        difference = verify_onnx(checkpoint, partial)
    manifest = checkpoint.manifest
    reads = (
        f"waveform (batch, samples) at {manifest.sample_rate} Hz"
        if frontend == "inside"
        else "log-mel (batch, frames, mels)"
    )
    size_mb = output.stat().st_size / 1e6
    print_line(f"{output}  {size_mb:.1f} MB  reads {reads}; within {difference:.1e} of the network")
