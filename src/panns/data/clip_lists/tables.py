r"""Clips as a table: comma- or tab-separated values with a line of column names first.

    path,labels,fold,events
    a.ogg,"Chicken, rooster|Cluck",1,0.5-1.25 Cluck|2-2.5 Cluck

`|` stands between labels and between events; inside a label it is written `\|`, and the backslash `\\`. A column
`label` holds one label as it is.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Iterator, Sequence
from decimal import Decimal
from sys import intern
from typing import Any, TextIO, TypeVar

from panns.data.clip_lists.columns import find_columns
from panns.data.clips.clip import Clip, TimedLabel
from panns.errors import DataError

T = TypeVar("T")

_BETWEEN = "|"
_DELIMITERS = {",": "commas", "\t": "tabs", ";": "semicolons", "|": "bars"}
_TOKEN = re.compile(r"\\[\\|]|\||[^\\|]+|\\")
_EVENT = re.compile(r"\s*([\d.]+)-([\d.]+)\s+(.*)", re.DOTALL)


def read_table(file: TextIO, *, delimiter: str) -> Iterator[Clip]:
    """The clips of a table.

    Args:
        file: Opened with `newline=""`.
        delimiter: What stands between its cells.

    Raises:
        DataError: It is no table of clips; the message begins with the line.
    """
    rows = csv.reader(file, delimiter=delimiter, strict=True)
    try:
        header = next(rows, [])
        if not header:
            raise DataError("there are no names of columns; a manifest begins with them, such as path,labels,fold")
        check_delimiter(header, delimiter)
        to_clip = _row_reader(header)
        for row in rows:
            if not row:
                continue  # an empty line
            if len(row) != len(header):
                raise DataError(
                    f"{len(row)} cells, where the names of the columns are {len(header)}; "
                    "put a cell that holds a comma, a tab or a quotation mark in quotation marks"
                )
            yield to_clip(row)
    except (DataError, csv.Error) as problem:
        raise DataError(f"line {max(rows.line_num, 1)}: {problem}") from problem


def write_table(file: TextIO, clips: Sequence[Clip], *, delimiter: str) -> None:
    """Write clips as a table: path, labels, and of the other columns those in which some clip has something."""
    columns = [
        name
        for name in _TO_CELL
        if name in {"path", "labels"} or any(getattr(clip, name) not in (None, "", ()) for clip in clips)
    ]
    plain = csv.writer(file, delimiter=delimiter, lineterminator="\n")
    # Whoever reads it would take a lone carriage return for the end of the line, which csv does not prevent.
    quoted = csv.writer(file, delimiter=delimiter, lineterminator="\n", quoting=csv.QUOTE_ALL)
    plain.writerow(columns)
    for clip in clips:
        row = [_TO_CELL[name](getattr(clip, name)) for name in columns]
        (quoted if any("\r" in cell for cell in row) else plain).writerow(row)


def check_delimiter(header: Sequence[str], delimiter: str) -> None:
    """Refuse a table whose columns stand between something else, as European spreadsheets write them."""
    others = [name for one, name in _DELIMITERS.items() if one in header[0] and one != delimiter]
    if len(header) == 1 and others:
        raise DataError(
            f"{others[0]} stand between the columns, where {_DELIMITERS[delimiter]} are needed; save it with those "
            "(a .csv has commas, a .tsv tabs)"
        )


def _row_reader(header: Sequence[str]) -> Callable[[list[str]], Clip]:
    """What turns the rows below these names into clips."""
    places = find_columns(header)
    nowhere = len(header)
    path, fold, source, onset, offset, events, licence, attribution = (
        places.get(name, nowhere)
        for name in ("path", "fold", "source", "onset_s", "offset_s", "events", "licence", "attribution")
    )
    read_labels = _shared(_labels_in if "labels" in places else _label_in)
    labels = places["labels" if "labels" in places else "label"]
    read_fold, read_licence = _shared(str.strip), _shared(str)

    def to_clip(row: list[str]) -> Clip:
        row.append("")  # at `nowhere`
        return Clip(
            row[path],
            read_labels(row[labels]),
            read_fold(row[fold]),
            row[source].strip(),
            _seconds_in(row[onset], header, onset),
            _seconds_in(row[offset], header, offset),
            _events_in(row[events]),
            read_licence(row[licence]),
            row[attribution],
        )

    return to_clip


def _shared(read: Callable[[str], T]) -> Callable[[str], T]:
    """The same, with one object for all equal cells: two million clips have a few folds and sets of labels."""
    known: dict[str, T] = {}

    def read_once(cell: str) -> T:
        if cell not in known:
            known[cell] = read(cell)
        return known[cell]

    return read_once


def _label_in(cell: str) -> tuple[str, ...]:
    label = cell.strip()
    return (label,) if label else ()


def _labels_in(cell: str) -> tuple[str, ...]:
    return tuple(intern(part.strip()) for part in _split(cell)) if cell.strip() else ()


def _events_in(cell: str) -> tuple[TimedLabel, ...]:
    return tuple(_event_in(part) for part in _split(cell)) if cell.strip() else ()


def _event_in(part: str) -> TimedLabel:
    match = _EVENT.fullmatch(part)
    if match is None:
        raise DataError(f"the event {part!r} is none; write its seconds and its label, such as '0.5-1.25 dog'")
    onset, offset, label = match.groups()
    return TimedLabel(label.strip(), number_in(onset, "onset_s"), number_in(offset, "offset_s"))


def _seconds_in(cell: str, header: Sequence[str], place: int) -> float | None:
    return number_in(cell, header[place]) if cell and not cell.isspace() else None


def number_in(cell: str, what: str) -> float:
    """The number in a cell.

    Raises:
        DataError: It holds none; `what` says what it should be.
    """
    try:
        return float(cell)
    except ValueError:
        raise DataError(f"{what}={cell!r} is no number; give seconds, such as 1.25") from None


def _split(cell: str) -> list[str]:
    """The parts between the bars; most cells have no backslash, and need no second look."""
    if "\\" not in cell:
        return cell.split(_BETWEEN)
    parts = [""]
    for token in _TOKEN.findall(cell):
        if token == _BETWEEN:
            parts.append("")
        else:
            parts[-1] += token[1:] if len(token) == 2 and token[0] == "\\" else token
    return parts


def _escaped(label: str) -> str:
    return label.replace("\\", "\\\\").replace(_BETWEEN, "\\" + _BETWEEN)


def seconds_text(value: float | None) -> str:
    """All digits of a number, without an exponent, whose sign would be read as the dash of an event."""
    return "" if value is None else format(Decimal(repr(float(value))), "f").removesuffix(".0")


_TO_CELL: dict[str, Callable[[Any], str]] = {
    "path": str,
    "labels": lambda labels: _BETWEEN.join(map(_escaped, labels)),
    "fold": str,
    "source": str,
    "onset_s": seconds_text,
    "offset_s": seconds_text,
    "events": lambda events: _BETWEEN.join(
        f"{seconds_text(one.onset_s)}-{seconds_text(one.offset_s)} {_escaped(one.label)}" for one in events
    ),
    "licence": str,
    "attribution": str,
}
