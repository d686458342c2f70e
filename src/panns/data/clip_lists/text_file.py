"""Text files that people write: what is wrong with one is said in a sentence that names it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

from panns.errors import DataError


@contextmanager
def reading(path: Path) -> Iterator[TextIO]:
    """The text of a file, and for what is wrong with it a sentence that names the file."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            yield file
    except DataError as problem:
        raise DataError(f"{path}, {problem}") from problem
    except UnicodeDecodeError as problem:
        line = _undecodable_line(path)
        raise DataError(f"{path}, line {line}: this is not UTF-8 text; save the file as UTF-8") from problem
    except OSError as problem:
        raise DataError(f"{path} cannot be read ({problem.strerror or problem}); check its permissions") from problem


def _undecodable_line(path: Path) -> int:
    """The first; the decoder works in blocks, and does not know lines."""
    with path.open("rb") as file:
        for number, line in enumerate(file, start=1):
            try:
                line.decode("utf-8")
            except UnicodeDecodeError:
                return number
    return number
