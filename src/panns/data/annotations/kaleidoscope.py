"""Tables of Kaleidoscope Pro (`id.csv`, `cluster.csv`): a row per event, AUTO ID of the program, MANUAL ID of a person.

Columns: Wildlife Acoustics, Kaleidoscope Pro 5 User Guide, "Output files". A file is `INDIR/FOLDER/IN FILE`; OFFSET and
DURATION are seconds. Newer versions mark columns that a user may edit by a star (`AUTO ID*`); tables of clusters, and
those of BirdNET-Analyzer, name the label `TOP1MATCH` or `common_name`.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path, PureWindowsPath
from typing import TextIO

from panns.data.annotations.annotation import AnnotatedSound, Annotation
from panns.data.annotations.cells import group_by_file, number, text_cell
from panns.errors import DataError

_PLACE = ("INDIR", "FOLDER", "IN FILE", "CHANNEL", "OFFSET", "DURATION")
_CLOCK = ("DATE", "TIME", "HOUR")
_LABEL = ("AUTO ID", "SCORE", "MANUAL ID")
_LABELS = ("AUTO ID", "TOP1MATCH", "COMMON_NAME")
_SCORES = ("SCORE", "CONFIDENCE")


def kaleidoscope_columns(*, has_clock: bool = False) -> tuple[str, ...]:
    """Names of the columns, in the order of Kaleidoscope; with date, time and hour of the events if they are known."""
    return (*_PLACE, *(_CLOCK if has_clock else ()), *_LABEL)


def kaleidoscope_rows(sound: AnnotatedSound, *, has_clock: bool = False) -> Iterator[tuple[object, ...]]:
    """One row per event, in the order of `kaleidoscope_columns`; MANUAL ID is left for the reviewer."""
    path = Path(sound.file).absolute()
    for event in sound.annotations:
        duration_s = f"{event.offset_s - event.onset_s:.6f}"
        score = "" if event.score is None else f"{event.score:.6f}"
        place = str(path.parent), "", path.name, 0, f"{event.onset_s:.6f}", duration_s
        time = event.time
        clock = ("", "", "") if time is None else (f"{time:%Y-%m-%d}", f"{time:%H:%M:%S}", time.hour)
        yield *place, *(clock if has_clock else ()), event.label, score, event.review


def is_kaleidoscope(header: list[str]) -> bool:
    """True if these are column names of such a table."""
    return {"IN FILE", "OFFSET", "DURATION"} <= {_key(name) for name in header}


def read_kaleidoscope(file: TextIO, delimiter: str) -> list[AnnotatedSound]:
    """Read a table; the message of a `DataError` begins with the line."""
    rows = csv.DictReader(file, delimiter=delimiter)
    names = {_key(name): name for name in rows.fieldnames or ()}
    label = next((names[key] for key in _LABELS if key in names), None)
    score = next((names[key] for key in _SCORES if key in names), None)
    manual = names.get("MANUAL ID")
    if label is None and manual is None:
        raise DataError("line 1: the column AUTO ID is missing; export the table with it")
    found: list[tuple[str, Annotation]] = []
    for row in rows:
        cells = {key: text_cell(row[name]) for key, name in names.items()}
        try:
            onset_s = number(cells["OFFSET"], "OFFSET")
            review = cells.get("MANUAL ID", "")
            given, given_score = (text_cell(row[name]) if name is not None else "" for name in (label, score))
            event = Annotation(
                given or review or "NoID",
                onset_s,
                round(onset_s + number(cells["DURATION"], "DURATION"), 9),
                number(given_score, "SCORE") if given_score else None,
                review,
            )
        except DataError as exc:
            raise DataError(f"line {rows.line_num}: {exc}") from exc
        found.append((_path(cells.get("INDIR", ""), cells.get("FOLDER", ""), cells["IN FILE"]), event))
    return [replace(sound, is_marked=manual is not None) for sound in group_by_file(found)]


def _key(name: str) -> str:
    return name.strip().rstrip("*").strip().upper()


def _path(*parts: str) -> str:
    r"""Path of a file from its parts.

    Examples:
        >>> _path("/data", "site 1", "a.wav"), _path("C:\\data", "", "a.wav")
        ('/data/site 1/a.wav', 'C:\\data\\a.wav')
    """
    given = [part.strip() for part in parts if part.strip()]
    is_windows = "\\" in given[0] and "/" not in given[0] if given else False
    return str(PureWindowsPath(*given) if is_windows else Path(*given))
