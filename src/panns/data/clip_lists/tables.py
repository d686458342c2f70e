r"""Clip lists as tables: comma- or tab-separated values below a line of column names.

    path,labels,fold,events
    a.ogg,"Chicken, rooster|Cluck",1,0.5-1.25 Cluck|2-2.5 Cluck

`|` separates labels and events; inside a label it is written `\|`, and a backslash `\\`. A column `label` holds a
single label without escapes. A cell may also hold a list in the notation of Python or JSON, as pandas writes it:
`['dog', 'rain']`.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Iterator, Sequence
from decimal import Decimal
from sys import intern
from typing import Any, TextIO, TypeVar

from panns.data.clip_lists.columns import find_columns
from panns.data.clip_lists.label_cells import parse_label_list
from panns.data.clips.clip import Clip, TimedLabel
from panns.data.clips.missing_values import is_missing
from panns.errors import DataError

T = TypeVar("T")

_SEPARATOR = "|"
_DELIMITERS = {",": "commas", "\t": "tabs", ";": "semicolons", "|": "bars"}
_TOKEN = re.compile(r"\\[\\|]|\||[^\\|]+|\\")
_EVENT = re.compile(r"\s*([\d.]+)-([\d.]+)\s+(.*)", re.DOTALL)


def read_table(file: TextIO, *, delimiter: str) -> Iterator[Clip]:
    """Read the clips of a table.

    Args:
        file: The table, opened with `newline=""`.
        delimiter: Separator of cells.

    Raises:
        DataError: The table is not a valid clip list; the message begins with the line.
    """
    rows = csv.reader(file, delimiter=delimiter, strict=True)
    try:
        header = next(rows, [])
        if not header:
            raise DataError("the column names are missing; begin with a line such as path,labels,fold")
        check_delimiter(header, delimiter)
        to_clip = _row_reader(header)
        for row in rows:
            if not row:
                continue  # an empty line
            if len(row) != len(header):
                raise DataError(
                    f"the row has {len(row)} cells for {len(header)} columns; "
                    "put cells with a comma, a tab or a quotation mark in quotation marks"
                )
            yield to_clip(row)
    except (DataError, csv.Error) as exc:
        raise DataError(f"line {max(rows.line_num, 1)}: {exc}") from exc


def write_table(file: TextIO, clips: Sequence[Clip], *, delimiter: str) -> None:
    """Write clips as a table with the columns path and labels, and every other column that is not empty."""
    columns = [
        name
        for name in _TO_CELL
        if name in {"path", "labels"} or any(getattr(clip, name) not in (None, "", ()) for clip in clips)
    ]
    plain = csv.writer(file, delimiter=delimiter, lineterminator="\n")
    # csv does not quote a lone carriage return, which readers take for the end of the line.
    quoted = csv.writer(file, delimiter=delimiter, lineterminator="\n", quoting=csv.QUOTE_ALL)
    plain.writerow(columns)
    for clip in clips:
        row = [_TO_CELL[name](getattr(clip, name)) for name in columns]
        (quoted if any("\r" in cell for cell in row) else plain).writerow(row)


def check_delimiter(header: Sequence[str], delimiter: str) -> None:
    """Refuse a table with another delimiter, such as the semicolons of European spreadsheets.

    Raises:
        DataError: The header is a single column that contains another delimiter.
    """
    others = [name for one, name in _DELIMITERS.items() if one in header[0] and one != delimiter]
    if len(header) == 1 and others:
        raise DataError(
            f"{others[0]} separate the columns; save the table with {_DELIMITERS[delimiter]} (a .csv file has commas, "
            "a .tsv file tabs)"
        )


def _row_reader(header: Sequence[str]) -> Callable[[list[str]], Clip]:
    """Make a function that turns the rows below this header into clips."""
    places = find_columns(header)
    nowhere = len(header)
    path, fold, source, onset, offset, events, licence, attribution = (
        places.get(name, nowhere)
        for name in ("path", "fold", "source", "onset_s", "offset_s", "events", "licence", "attribution")
    )
    read_labels = _shared(_parse_labels if "labels" in places else _parse_label)
    labels = places["labels" if "labels" in places else "label"]
    read_fold, read_licence = _shared(_parse_name), _shared(str)

    def to_clip(row: list[str]) -> Clip:
        row.append("")  # the cell at `nowhere`, for missing columns
        return Clip(
            row[path],
            read_labels(row[labels]),
            read_fold(row[fold]),
            _parse_name(row[source]),
            _parse_optional_seconds(row[onset], header, onset),
            _parse_optional_seconds(row[offset], header, offset),
            _parse_events(row[events]),
            read_licence(row[licence]),
            row[attribution],
        )

    return to_clip


def _shared(read: Callable[[str], T]) -> Callable[[str], T]:
    """Make equal cells share one object: millions of clips have few different folds and sets of labels."""
    known: dict[str, T] = {}

    def read_once(cell: str) -> T:
        if cell not in known:
            known[cell] = read(cell)
        return known[cell]

    return read_once


def _parse_name(cell: str) -> str:
    """A fold or a source, for which no value means what an empty cell does."""
    return "" if is_missing(cell) else cell.strip()


def _parse_label(cell: str) -> tuple[str, ...]:
    label = cell.strip()
    if (listed := parse_label_list(label)) is not None:
        return listed
    return (label,) if label else ()


def _parse_labels(cell: str) -> tuple[str, ...]:
    if (listed := parse_label_list(cell)) is not None:
        return listed
    return tuple(intern(part.strip()) for part in _split(cell)) if cell.strip() else ()


def _parse_events(cell: str) -> tuple[TimedLabel, ...]:
    return tuple(_parse_event(part) for part in _split(cell)) if cell.strip() else ()


def _parse_event(part: str) -> TimedLabel:
    match = _EVENT.fullmatch(part)
    if match is None:
        raise DataError(f"invalid event {part!r}; give its onset and offset in seconds and its label: '0.5-1.25 dog'")
    onset, offset, label = match.groups()
    return TimedLabel(label.strip(), parse_seconds(onset, "onset_s"), parse_seconds(offset, "offset_s"))


def _parse_optional_seconds(cell: str, header: Sequence[str], place: int) -> float | None:
    return parse_seconds(cell, header[place]) if cell and not cell.isspace() else None


def parse_seconds(cell: str, what: str) -> float:
    """Parse a number of seconds.

    Raises:
        DataError: The cell is not a number; the message calls it `what`.
    """
    try:
        return float(cell)
    except ValueError:
        raise DataError(f"{what}={cell!r} is not a number; give seconds, such as 1.25") from None


def _split(cell: str) -> list[str]:
    """Parts of a cell between bars, unescaped."""
    if "\\" not in cell:  # the common case, much faster
        return cell.split(_SEPARATOR)
    parts = [""]
    for token in _TOKEN.findall(cell):
        if token == _SEPARATOR:
            parts.append("")
        else:
            parts[-1] += token[1:] if len(token) == 2 and token[0] == "\\" else token
    return parts


def _label_cell(labels: Sequence[str]) -> str:
    cell = _SEPARATOR.join(map(_escape, labels))
    if parse_label_list(cell) is not None:
        raise DataError(f"the label {cell!r:.60} would be read as a list; rename it, or write a .jsonl file")
    return cell


def _escape(label: str) -> str:
    return label.replace("\\", "\\\\").replace(_SEPARATOR, "\\" + _SEPARATOR)


def format_seconds(value: float | None) -> str:
    """Format seconds with all digits and without an exponent, whose sign would be read as the dash of an event."""
    return "" if value is None else format(Decimal(repr(float(value))), "f").removesuffix(".0")


_TO_CELL: dict[str, Callable[[Any], str]] = {
    "path": str,
    "labels": lambda labels: _label_cell(labels),
    "fold": str,
    "source": str,
    "onset_s": format_seconds,
    "offset_s": format_seconds,
    "events": lambda events: _SEPARATOR.join(
        f"{format_seconds(one.onset_s)}-{format_seconds(one.offset_s)} {_escape(one.label)}" for one in events
    ),
    "licence": str,
    "attribution": str,
}
