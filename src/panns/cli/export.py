"""`panns export`: one file for other runtimes."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from panns.cli import options


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
    from panns.errors import MissingExtra
    from panns.export.prepare import prepare

    if output.suffix != ".onnx":
        raise typer.BadParameter(f"-o {output} must end in .onnx")
    if not output.absolute().parent.is_dir():
        raise typer.BadParameter(f"-o {output}: there is no folder {output.absolute().parent}; make it first")
    if output.is_dir():
        raise typer.BadParameter(f"-o {output} is a folder; give the name of a file")
    checkpoint = prepare(model, weights=weights, needs_onnx=False)
    try:
        from panns.export.to_onnx import export_onnx
        from panns.export.verify import verify_onnx
    except ImportError as exc:
        raise MissingExtra("exporting", package=exc.name or "torch", extra="export") from exc

    partial = output.with_name(f".{output.stem}.part.onnx")
    try:
        export_onnx(checkpoint, partial, frontend=frontend.value)
        difference = verify_onnx(checkpoint, partial)
        partial.replace(output)
    finally:
        partial.unlink(missing_ok=True)
    manifest = checkpoint.manifest
    reads = (
        f"waveform (batch, samples) at {manifest.sample_rate} Hz"
        if frontend == "inside"
        else "log-mel (batch, frames, mels)"
    )
    print(f"{output}  {output.stat().st_size / 1e6:.1f} MB  reads {reads}; within {difference:.1e} of the network")
