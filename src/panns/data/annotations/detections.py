"""Events that `panns detect` wrote: its CSV, also with a column `review`, and its JSON lines."""

from __future__ import annotations

import csv
from typing import Any, TextIO

from panns.data.annotations.annotation import AnnotatedSound, Annotation
from panns.data.annotations.cells import group_by_file, number, text_cell
from panns.data.clip_lists.json_values import number_value, seconds_value, text_value
from panns.errors import DataError
from panns.system.json_files import parse_json
from panns.system.safe_text import unescape_cell

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
        cells = {key: text_cell(row[name]) for key, name in names.items()}
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
            if not isinstance(record, dict) or not ("error" in record or isinstance(record.get("events"), list)):
                raise DataError("this is not a result of panns detect; give the file that it wrote with -o or --json")
            if "error" not in record:
                sounds.append(_sound(record))
        except DataError as exc:
            raise DataError(f"line {line_number}: {exc}") from exc
        except ValueError as exc:
            raise DataError(f"line {line_number}: this is not JSON ({exc}); write the file again") from exc
    return sounds


def _sound(record: dict[str, Any]) -> AnnotatedSound:
    events = []
    for one in record["events"]:
        if not isinstance(one, dict):
            raise DataError(f"events holds {one!r:.40}; give objects with label, onset_s and offset_s")
        onset_s, offset_s = (seconds_value(one.get(name), name) for name in ("onset_s", "offset_s"))
        label, score = text_value(one.get("label"), "label"), number_value(one.get("score"), "score")
        events.append(Annotation(label, onset_s, offset_s, score))
    file = text_value(record.get("file"), "file")
    return AnnotatedSound(file, tuple(events), number_value(record.get("duration_s"), "duration_s"))
