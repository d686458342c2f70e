"""From the PATH arguments of a verb to the sounds that are meant."""

from __future__ import annotations

import glob
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

STDIN = "-"


@dataclass(frozen=True)
class Input:
    """A sound that is meant: its path, or - for standard input; or the sentence that says why there is none."""

    file: str
    problem: str | None = None


def expand_paths(paths: list[str]) -> list[Input]:
    """The sounds meant by the arguments, in a stable order: folders with all below them, globs expanded.

    Raises:
        ValueError: Standard input is named twice.
    """
    if paths.count(STDIN) > 1:
        raise ValueError("standard input can be read once; give - once")
    return [one for path in paths for one in _expand(path)]


def _expand(path: str) -> Iterator[Input]:
    # os.path, as Path.is_file raises for a name that is too long or in a closed folder, which is that one's problem.
    if os.path.isdir(path):  # noqa: PTH112
        yield from _files_below(path)
    elif path == STDIN or os.path.lexists(path) or not glob.has_magic(path):
        yield Input(path)
    else:
        matches = sorted(match for match in _glob(path) if Path(match).is_file())
        yield from map(Input, matches)
        if not matches:
            yield Input(path, f"{path}: matches no file; check the pattern")


def _glob(pattern: str) -> list[str]:
    return glob.glob(pattern, recursive=True)  # noqa: PTH207 - Path.glob takes no absolute patterns


def _files_below(folder: str) -> Iterator[Input]:
    """The sounds in a folder, and a sentence for every folder that is closed."""
    from panns.audio.sound_files import find_sound_files  # imports numpy, which `panns --help` does without

    closed: list[OSError] = []
    is_empty = True
    for path in find_sound_files(folder, on_error=closed.append):
        is_empty = False
        yield Input(path)
    for error in closed:
        yield Input(
            error.filename, f"{error.filename}: may not be looked into ({error.strerror}); check its permissions"
        )
    if is_empty and not closed:
        yield Input(folder, f"{folder}: holds no sound file; name the file itself if its suffix is an unusual one")
