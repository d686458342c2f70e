"""Events that `panns detect` wrote: its CSV, also with a column `review`, and its JSON lines."""

from __future__ import annotations

import csv
from typing import TextIO

from panns.data.annotations.annotation import AnnotatedSound, Annotation
from panns.data.annotations.cells import group_by_file, number, unescape_cell
from panns.errors import DataError
from panns.system.json_files import parse_json

_COLUMNS = {"file", "onset_s", "offset_s", "label"}


def is_detections(header: list[str]) -> bool:
    """True if these are column names of such a CSV file."""
    return {name.strip().lower() for name in header} >= _COLUMNS


def read_detections(file: TextIO, delimiter: str) -> list[AnnotatedSound]:
    """Read a CSV file; the message of a `DataError` begins with the line."""
    rows = csv.DictReader(file, delimiter=delimiter)
    names = {name.strip().lower(): name for name in rows.fieldnames or ()}
    found: list[tuple[str, Annotation]] = []
    for row in rows:
        cells = {key: unescape_cell(row[name] or "").strip() for key, name in names.items()}
        try:
            event = Annotation(
                cells["label"],
                number(cells["onset_s"], "onset_s"),
                number(cells["offset_s"], "offset_s"),
                number(cells["score"], "score") if cells.get("score") else None,
                cells.get("review", ""),
            )
        except DataError as exc:
            raise DataError(f"line {rows.line_num}: {exc}") from exc
        found.append((unescape_cell(row[names["file"]] or ""), event))
    return group_by_file(found)


def read_detection_lines(file: TextIO) -> list[AnnotatedSound]:
    """Read JSON lines; sounds that failed are left out. The message of a `DataError` begins with the line."""
    sounds = []
    for line_number, line in enumerate(file, start=1):
        if not line.strip():
            continue
        try:
            record = parse_json(line)
            if "error" in record:
                continue
            events = [
                Annotation(one["label"], one["onset_s"], one["offset_s"], one.get("score")) for one in record["events"]
            ]
            sounds.append(AnnotatedSound(record["file"], tuple(events), record.get("duration_s")))
        except DataError as exc:
            raise DataError(f"line {line_number}: {exc}") from exc
        except (ValueError, TypeError, KeyError) as exc:
            raise DataError(f"line {line_number}: this is not a result of panns detect ({exc})") from exc
    return sounds
