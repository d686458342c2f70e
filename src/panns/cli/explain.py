"""`panns explain`: a picture of what a model hears."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from panns.cli import options
from panns.defaults import DEFAULT_MODEL


def explain(
    path: Annotated[str, typer.Argument(metavar="PATH", help="A sound or video file of up to 10 minutes.")],
    output: Annotated[Path, typer.Option("--output", "-o", metavar="FILE", help="The picture: .png, .svg or .pdf.")],
    model: options.ModelName = DEFAULT_MODEL,
    weights: options.WeightsFile = None,
    backend: options.Backend = options.BackendChoice.onnx,
    device: options.Device = options.DeviceChoice.auto,
    top: Annotated[int, typer.Option(min=1, max=30, help="How many tags.")] = 8,
    lang: options.Language = options.LanguageChoice.en,
) -> None:
    """Draw a sound as a model hears it: waveform, log-mel, and when each of the top tags sounds."""
    from panns.plot import explain as draw
    from panns.recognizer import load

    if output.suffix not in (".png", ".svg", ".pdf"):
        raise typer.BadParameter(f"-o {output} must end in .png, .svg or .pdf")
    if not output.absolute().parent.is_dir():
        raise typer.BadParameter(f"-o {output}: there is no folder {output.absolute().parent}; make it first")
    draw(load(model, weights, backend.value, device.value), path, output, top=top, language=lang.value)
    print(output)
