"""Selection tables of Raven: tab-separated, a row per event, or one for each view of it.

Format: Raven Pro 1.6 User's Manual, "Selection tables" (Cornell Lab of Ornithology). `Begin Time (s)` counts through
all sounds that were open together; `File Offset (s)`, if the table has it, counts from the start of its own file.
"""

from __future__ import annotations

import csv
from typing import TextIO

from panns.data.annotations.annotation import AnnotatedSound, Annotation
from panns.data.annotations.cells import group_by_file, number, text_cell
from panns.errors import DataError

BEGIN, END = "begin time (s)", "end time (s)"
_FILES = ("begin path", "begin file")
_LABELS = ("label", "annotation", "species", "common name", "class", "category", "tags", "type")
_REVIEWS = ("review", "verdict", "verified", "validation", "reviewed")
_SCORES = ("score", "confidence")
# BirdNET-Analyzer writes one such row for a sound in which it detects nothing.
_NO_CALL = "nocall"


def is_raven(header: list[str]) -> bool:
    """True if these are column names of such a table."""
    return {BEGIN, END} <= {name.strip().lower() for name in header}


def read_raven(file: TextIO, default_file: str) -> list[AnnotatedSound]:
    """Read a table.

    Args:
        file: The table.
        default_file: Sound of a table that names none.

    Raises:
        DataError: A column or a number is missing; the message begins with the line.
    """
    rows = csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE)
    names = {name.strip().lower(): name for name in rows.fieldnames or ()}
    label, review, score, path = (_first(names, keys) for keys in (_LABELS, _REVIEWS, _SCORES, _FILES))
    if label is None:
        raise DataError(f"line 1: none of the columns {', '.join(_LABELS)} is there; add one with the class")
    found: list[tuple[str, Annotation]] = []
    quiet: list[str] = []
    seen: set[tuple[str, ...]] = set()
    for row in rows:
        cells = {key: text_cell(row[name]) for key, name in names.items()}
        sound = cells[path] if path is not None and cells[path] else default_file
        # Joined tables number the selections of each sound from 1.
        selection = cells.get("selection", ""), cells[BEGIN], cells[END], sound
        if selection[0] and selection in seen:
            continue  # another view of the selection
        seen.add(selection)
        if cells[label] == cells.get("species code") == _NO_CALL:
            quiet.append(sound)
            continue
        try:
            begin_s, end_s = number(cells[BEGIN], "Begin Time (s)"), number(cells[END], "End Time (s)")
            offset = cells.get("file offset (s)", "")
            onset_s = number(offset, "File Offset (s)") if offset else begin_s
            event = Annotation(
                cells[label],
                onset_s,
                round(onset_s + end_s - begin_s, 9),
                number(cells[score], score) if score is not None and cells[score] else None,
                cells[review] if review is not None else "",
            )
        except DataError as exc:
            raise DataError(f"line {rows.line_num}: {exc}") from exc
        found.append((sound, event))
    return group_by_file(found, without_events=quiet)


def _first(names: dict[str, str], keys: tuple[str, ...]) -> str | None:
    return next((key for key in keys if key in names), None)
