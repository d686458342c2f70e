"""A recognizer for the command line, and its answers about many files with a bar on the terminal."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from panns.batch.inputs import Input, expand_paths
from panns.batch.local import Answer, Ask, ResultT
from panns.batch.local import answer_all as answer_in_order
from panns.cli.terminal.bars import Bar, doing
from panns.cli.terminal.output import complain

if TYPE_CHECKING:
    from panns.recognizer import Recognizer
    from panns.results import Detection, Embedding, Tagging


def inputs_of(paths: list[str]) -> list[Input]:
    """The sounds meant by the PATH arguments of a verb."""
    try:
        return expand_paths(paths)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from error


def load_for(inputs: list[Input], *, model: str, weights: Path | None, backend: str, device: str) -> Recognizer:
    """The recognizer for these sounds; it says on a terminal what it chose.

    Several are heard at once, one a core, so each then gets one thread; a single one gets all of them.
    """
    n_threads = 1 if len(inputs) > 1 else None
    recognizer = load_shown(model, weights=weights, backend=backend, device=device, n_threads=n_threads)
    if sys.stderr.isatty():
        print(told(recognizer), file=sys.stderr)
    return recognizer


def load_shown(model: str, *, weights: Path | None, backend: str, device: str, n_threads: int | None) -> Recognizer:
    """The recognizer; it says on a terminal what it waits for."""
    from panns.recognizer import load

    with doing(f"loading {model}"):
        # Plain strings, so that messages show them as they were given; typer has checked the name of the backend.
        return load(model, weights, str(backend), str(device), n_threads=n_threads)  # type: ignore[arg-type]


def told(recognizer: Recognizer) -> str:
    """What hears, in words."""
    return f"{recognizer.manifest.architecture} on {recognizer.device} by {recognizer.backend}"


def answer_all(inputs: list[Input], ask: Ask[ResultT]) -> Iterator[Answer[ResultT]]:
    """The answers about all inputs, in order, with a bar while they are computed."""
    with Bar() as bar:
        yield from answer_in_order(inputs, ask, on_progress=bar.show)


def report_problems(answer: Answer[Tagging] | Answer[Detection] | Answer[Embedding]) -> None:
    """Say on stderr why a file was not answered, or what was wrong with it although it was."""
    if answer.result is None:
        complain(str(answer.error))
        return
    for warning in answer.result.warnings:
        complain(f"warning: {answer.file}: {warning}")
