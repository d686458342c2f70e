from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import pytest
import typer
from typer.testing import CliRunner

from panns.cli.options.grouping import with_option_groups


@dataclass(frozen=True)
class Size:
    width: Annotated[int, typer.Option("--width", "-w", help="Width in pixels.")] = 80
    height: Annotated[int, typer.Option(help="Height in pixels.")] = 24


@dataclass(frozen=True)
class Wide(Size):
    width: Annotated[int, typer.Option("--width", "-w")] = 160


@with_option_groups
def draw(
    path: str, size: Size, scale: Annotated[int, typer.Option()] = 1, *, dark: Annotated[bool, typer.Option()] = False
) -> None:
    """Draw."""
    typer.echo(f"{path} {size.width} {size.height} {scale} {dark}")


@with_option_groups
def draw_wide(size: Wide) -> None:
    """Draw."""
    typer.echo(f"{size.width} {size.height}")


def invoke(command, *arguments):
    app = typer.Typer(rich_markup_mode=None)
    app.command()(command)
    result = CliRunner().invoke(app, list(arguments))
    return result.exit_code, result.output


@pytest.mark.parametrize(
    ("arguments", "values"),
    [
        (("a.png",), "a.png 80 24 1 False"),
        (("a.png", "--height", "10", "--scale", "3"), "a.png 80 10 3 False"),
        (("--dark", "-w", "5", "a.png"), "a.png 5 24 1 True"),
    ],
)
def test_the_command_gets_the_group(arguments, values):
    assert invoke(draw, *arguments) == (0, f"{values}\n")


def test_a_subclass_changes_a_default():
    assert invoke(draw_wide) == (0, "160 24\n")
    assert invoke(draw_wide, "--width", "3") == (0, "3 24\n")


def test_help_shows_every_option_in_order():
    status, text = invoke(draw, "--help")
    assert status == 0
    places = [text.index(name) for name in ("-w, --width", "--height", "--scale", "--dark")]
    assert places == sorted(places)
    assert "Width in pixels.  [default: 80]" in text


def test_a_wrong_value_is_wrong_usage():
    status, text = invoke(draw, "a.png", "--height", "tall")
    assert status == 2
    assert "--height" in text
