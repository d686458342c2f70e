"""Tables of BirdNET-Analyzer that are not those of another program: its CSV, and the one for R.

Columns: BirdNET-Analyzer 1.0 to 2.4, `analyze/utils.py` (github.com/birdnet-team/BirdNET-Analyzer). Its tables for
Raven, Kaleidoscope and Audacity are read as those.
"""

from __future__ import annotations

import csv
from typing import TextIO

from panns.data.annotations.annotation import AnnotatedSound, Annotation
from panns.data.annotations.cells import group_by_file, number, text_cell
from panns.errors import DataError

_STARTS, _ENDS = ("start (s)", "start"), ("end (s)", "end")
_LABELS = ("common name", "common_name")
_FILES = ("file", "filepath")
_REVIEWS = ("review", "verified", "validation")


def is_birdnet(header: list[str]) -> bool:
    """True if these are column names of such a table."""
    names = {name.strip().lower() for name in header}
    return all(not names.isdisjoint(keys) for keys in (_STARTS, _ENDS, _LABELS))


def read_birdnet(file: TextIO, delimiter: str, default_file: str) -> list[AnnotatedSound]:
    """Read a table; the message of a `DataError` begins with the line.

    Args:
        file: The table.
        delimiter: Character between two cells.
        default_file: Sound of a table that names none, as before version 2.
    """
    rows = csv.DictReader(file, delimiter=delimiter)
    # pandas writes the numbers of rows into a column without a name.
    names = {name.strip().lower(): name for name in rows.fieldnames or () if name.strip()}
    start, end, label, sound, review = (
        next((key for key in keys if key in names), "") for keys in (_STARTS, _ENDS, _LABELS, _FILES, _REVIEWS)
    )
    found: list[tuple[str, Annotation]] = []
    for row in rows:
        cells = {key: text_cell(row[name]) for key, name in names.items()}
        try:
            event = Annotation(
                cells[label],
                number(cells[start], start),
                number(cells[end], end),
                number(cells["confidence"], "confidence") if cells.get("confidence") else None,
                cells.get(review, ""),
            )
        except DataError as exc:
            raise DataError(f"line {rows.line_num}: {exc}") from exc
        found.append((cells.get(sound) or default_file, event))
    return group_by_file(found)
