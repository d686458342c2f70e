"""Text files that people write, opened so that every error names the file."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

from panns.errors import DataError
from panns.system.files import open_regular


@contextmanager
def open_text(path: Path) -> Iterator[TextIO]:
    """Open a UTF-8 file, and put its name in front of every `DataError` in the block.

    Raises:
        DataError: The file cannot be read, is not UTF-8 (the message names the line), is a damaged table, or the block
            raises a `DataError`.
    """
    try:
        with io.TextIOWrapper(open_regular(path), encoding="utf-8-sig", newline="") as file:
            yield file
    except DataError as exc:
        raise DataError(f"{path}, {exc}") from exc
    except csv.Error as exc:
        raise DataError(f"{path} is a damaged table ({exc}); save it again") from exc
    except UnicodeDecodeError as exc:
        line = _undecodable_line(path)
        raise DataError(f"{path}, line {line}: this is not UTF-8 text; save the file as UTF-8") from exc
    except OSError as exc:
        raise DataError(f"{path} cannot be read ({exc.strerror or exc}); check the path and its permissions") from exc


def _undecodable_line(path: Path) -> int:
    """Number of the first line that is not UTF-8."""
    with path.open("rb") as file:
        for number, line in enumerate(file, start=1):
            try:
                line.decode("utf-8")
            except UnicodeDecodeError:
                return number
    return number
