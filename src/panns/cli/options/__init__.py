"""Options that several verbs share, so that they read and mean the same everywhere."""

from __future__ import annotations

import os
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer


class BackendChoice(StrEnum):
    """Backends by name."""

    onnx = "onnx"
    torch = "torch"
    openvino = "openvino"


class DeviceChoice(StrEnum):
    """Devices by name."""

    auto = "auto"
    cpu = "cpu"
    cuda = "cuda"
    mps = "mps"


class LanguageChoice(StrEnum):
    """Languages of the labels."""

    en = "en"
    zh = "zh"


Paths = Annotated[
    list[str], typer.Argument(metavar="PATH", help="Sound or video files, folders, globs; - is standard input.")
]
ModelName = Annotated[
    str,
    typer.Option(
        "--model",
        "-m",
        metavar="NAME|PATH",
        help="A name from `panns models list`, a checkpoint folder or an exported .onnx file.",
    ),
]
WeightsFile = Annotated[
    Path | None, typer.Option("--weights", metavar="FILE", help="A published .pth or .pt file for that name.")
]
Backend = Annotated[BackendChoice, typer.Option(help="What computes; all give the same numbers.")]
Device = Annotated[DeviceChoice, typer.Option(help="Where it computes.")]
Language = Annotated[LanguageChoice, typer.Option("--lang", help="Language of the labels in tables.")]
AsJson = Annotated[bool, typer.Option("--json", help="One JSON object per line.")]
AsCsv = Annotated[bool, typer.Option("--csv", help="Comma-separated values with a header.")]


def refuse_two_formats(as_json: bool, as_csv: bool) -> None:
    """Raise typer's error of wrong usage when both formats are asked for."""
    if as_json and as_csv:
        raise typer.BadParameter("give one of --json and --csv, not both")


def check_output(output: Path, *suffixes: str, option: str = "-o") -> None:
    """Raise typer's error of wrong usage, before hours of work, for a file that could not be written after them."""
    folder = output.absolute().parent
    if output.suffix not in suffixes:
        allowed = suffixes[0] if len(suffixes) == 1 else f"one of {', '.join(suffixes)}"
        raise typer.BadParameter(f"{option} {output} ends in {output.suffix or 'nothing'}; use {allowed}")
    if not folder.is_dir():
        raise typer.BadParameter(f"{option} {output}: there is no folder {folder}; make it first")
    if output.is_dir():
        raise typer.BadParameter(f"{option} {output} is a folder; give the name of a file")
    if not os.access(folder, os.W_OK):
        raise typer.BadParameter(f"{option} {output}: nothing may be written in {folder}; use another folder")
