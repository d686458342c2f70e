"""`panns export`: write a model to an ONNX file."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from panns.cli import options
from panns.cli.terminal.bars import doing
from panns.cli.terminal.output import print_line, writing


class FrontendChoice(StrEnum):
    """Places where the log-mel spectrogram is computed."""

    inside = "inside"
    outside = "outside"


def export(
    model: Annotated[str, typer.Argument(metavar="MODEL", help="Name from `panns models list`, or checkpoint folder.")],
    output: Annotated[Path, typer.Option("--output", "-o", metavar="FILE.onnx", help="ONNX file to write.")],
    weights: options.WeightsFile = None,
    frontend: Annotated[
        FrontendChoice,
        typer.Option(
            help="inside: the input is a waveform of any length, any batch size; outside: the input is a log-mel "
            "spectrogram."
        ),
    ] = FrontendChoice.inside,
) -> None:
    """Export a model to an ONNX file.

    The file contains the manifest of the model. After writing, its outputs are compared with those of the network, and
    a log-mel inside the file with that of the front end.
    """
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
    input_text = (
        f"waveform (batch, samples) at {manifest.sample_rate} Hz"
        if frontend == "inside"
        else "log-mel (batch, frames, mels)"
    )
    parts = f"within {difference.scores:.1e} of the network"
    if difference.log_mel_db is not None:
        parts = f"log-mel within {difference.log_mel_db:.1e} dB, scores of one log-mel {parts}"
    size_mb = output.stat().st_size / 1e6
    print_line(f"{output}  {size_mb:.1f} MB  input {input_text}; {parts}")
