"""Options that several commands share."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer


class DeviceChoice(StrEnum):
    """Devices by name."""

    auto = "auto"
    cpu = "cpu"
    cuda = "cuda"
    mps = "mps"


class LanguageChoice(StrEnum):
    """Languages of label names."""

    en = "en"
    zh = "zh"


WeightsFile = Annotated[
    Path | None,
    typer.Option("--weights", metavar="FILE", help="Published file of that model, in place of the cached one."),
]
Device = Annotated[DeviceChoice, typer.Option(help="Device to compute on.")]
Language = Annotated[LanguageChoice, typer.Option("--lang", help="Language of label names in text output.")]
SkipDamaged = Annotated[
    bool,
    typer.Option("--skip-damaged", help="Skip and list unreadable clips; fail if a class would lose all its clips."),
]
Jobs = Annotated[
    int | None,
    typer.Option("--jobs", metavar="N", min=1, max=1024, help="Files to compute at a time (default one per CPU core)."),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON, one object per line.")]
AsCsv = Annotated[bool, typer.Option("--csv", help="Print comma-separated values with a header.")]


def refuse_two_formats(as_json: bool, as_csv: bool) -> None:
    """Refuse `--json` together with `--csv` as wrong usage."""
    if as_json and as_csv:
        raise typer.BadParameter("give one of --json and --csv, not both")


@contextmanager
def wrong_usage(*flags: str) -> Iterator[None]:
    """Report a ValueError raised inside as wrong usage of these options, with flags in place of parameters."""
    try:
        yield
    except ValueError as error:
        message = re.sub(r"\b([a-z_]+)=", lambda match: f"{flag_of(match[1])} ", str(error)) if flags else str(error)
        if len(flags) == 1:
            message = message.removeprefix(f"{flags[0]} ")  # the hint names it already
        raise typer.BadParameter(message, param_hint=list(flags) or None) from error


def flag_of(name: str) -> str:
    """Flag of an option, given its field.

    Examples:
        >>> flag_of("min_gap_s")
        '--min-gap'
    """
    return f"--{name.removesuffix('_s').replace('_', '-')}"


def check_output(output: Path, *suffixes: str, option: str = "-o", hint: str = "") -> None:
    """Refuse an output file that cannot be written, before hours of computing its content."""
    if output.suffix not in suffixes:
        allowed = suffixes[0] if len(suffixes) == 1 else f"one of {', '.join(suffixes)}"
        raise typer.BadParameter(f"{option} {output} ends in {output.suffix or 'nothing'}; use {allowed}{hint}")
    try:
        folder = output.resolve().parent  # a link stays, and the file that it leads to is written
        is_folder, is_special = output.is_dir(), output.exists() and not output.is_file()
        has_folder = folder.is_dir()
    except (OSError, RuntimeError) as exc:  # Python before 3.13 raises RuntimeError for links in a circle
        reason = exc.strerror if isinstance(exc, OSError) else "its link leads to itself"
        raise typer.BadParameter(f"{option} {output!s:.100} cannot be a file ({reason}); give another name") from exc
    if not has_folder:
        raise typer.BadParameter(f"{option} {output}: folder {folder} does not exist; create it first")
    if is_folder:
        raise typer.BadParameter(f"{option} {output} is a folder; give the name of a file")
    if is_special:
        raise typer.BadParameter(f"{option} {output} is a device or a pipe; give the name of a file")
    try:
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as exc:
        raise typer.BadParameter(
            f"{option} {output}: nothing can be written to the folder {folder} ({exc.strerror or exc}); use another one"
        ) from exc
