"""Event tables: a row per event with its file, onset, offset and label, in the form of the DCASE challenges.

    filename          onset  offset  event_label
    audio/0001.wav    0.5    1.25    Dog
    audio/0001.wav    2      4.5     Rain
    audio/0002.wav

A .tsv file separates cells by tabs, a .csv file by commas. Files are relative to the folder of the table. A file
without events has one row with three empty cells.
"""

from __future__ import annotations

import csv
import os
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TextIO

from panns.data.clip_lists.columns import list_names
from panns.data.clip_lists.tables import check_delimiter, format_seconds, parse_seconds
from panns.data.clip_lists.text_file import open_text
from panns.data.clips.clip import Clip, ClipList, TimedLabel
from panns.errors import DataError
from panns.system.files import replacing

COLUMNS = ("filename", "onset", "offset", "event_label")
# Names under which a table is found in a folder.
EVENT_TABLES = ("events.tsv", "events.csv")
_DELIMITERS = {".tsv": "\t", ".csv": ","}


def read_event_table(path: str | os.PathLike[str]) -> ClipList:
    """Read an event table: its files as clips, in order, each with its events by onset and with their labels.

    Args:
        path: The table, or a folder that holds an `events.tsv` or `events.csv`. Rows and columns may be in any order;
            other columns are ignored.

    Raises:
        DataError: The table is missing or invalid; the message names the file and the line.
    """
    path = _find_table(Path(path))
    delimiter = _delimiter_of(path)
    events: dict[str, list[TimedLabel]] = {}
    silent: dict[str, int] = {}
    with open_text(path) as file:
        for line, name, event in _rows(file, delimiter):
            of_file = events.setdefault(name, [])
            if event is None:
                silent[name] = line
            else:
                of_file.append(event)
        for name, line in silent.items():
            if events[name]:
                raise DataError(
                    f"line {line}: {name} has no event here and {len(events[name])} in other rows; remove this row or "
                    "those"
                )
    if not events:
        raise DataError(f"{path} lists no sounds; give it a row for each event")
    return ClipList(path.parent, tuple(_clip(name, of_file) for name, of_file in events.items()))


def write_event_table(path: str | os.PathLike[str], clips: Iterable[Clip]) -> None:
    """Write the events of clips to a .tsv or .csv file that `read_event_table` reads.

    Args:
        path: The file to write; relative paths of clips start from its folder.
        clips: Clips that are whole files; only their paths and events are written.

    Raises:
        DataError: The suffix is neither .tsv nor .csv.
    """
    path = Path(path)
    delimiter = _delimiter_of(path)
    with replacing(path) as partial, partial.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, delimiter=delimiter, lineterminator="\n")
        writer.writerow(COLUMNS)
        for clip in clips:
            for one in clip.events:
                writer.writerow([clip.path, format_seconds(one.onset_s), format_seconds(one.offset_s), one.label])
            if not clip.events:
                writer.writerow([clip.path, "", "", ""])


def _find_table(path: Path) -> Path:
    if path.is_dir():
        found = [path / name for name in EVENT_TABLES if (path / name).is_file()]
        if len(found) != 1:
            problem = "holds both; give one of them" if found else "holds neither; give the event table itself"
            raise DataError(f"the folder {path} must hold {' or '.join(EVENT_TABLES)}; it {problem}")
        return found[0]
    if not path.exists():
        raise DataError(f"{path}: no such file or folder; check the path")
    return path


def _delimiter_of(path: Path) -> str:
    try:
        return _DELIMITERS[path.suffix.lower()]
    except KeyError:
        raise DataError(
            f"{path} ends in {path.suffix or 'nothing'}; an event table is a .tsv or .csv file with the columns "
            f"{', '.join(COLUMNS)}"
        ) from None


def _rows(file: TextIO, delimiter: str) -> Iterator[tuple[int, str, TimedLabel | None]]:
    """Line number, file and event of every row; None for the event of a row without one."""
    rows = csv.reader(file, delimiter=delimiter, strict=True)
    try:
        header = next(rows, [])
        places = _places(header, delimiter)
        for row in rows:
            if row:
                name, *cells = _cells(row, header, places)
                yield rows.line_num, name, _event(*cells)
    except (DataError, csv.Error) as exc:
        raise DataError(f"line {max(rows.line_num, 1)}: {exc}") from exc


def _places(header: Sequence[str], delimiter: str) -> list[int]:
    """Positions of the four columns."""
    if not header:
        raise DataError(f"the column names are missing; an event table begins with {', '.join(COLUMNS)}")
    check_delimiter(header, delimiter)
    keys = [name.strip().lower() for name in header]
    for name in COLUMNS:
        if keys.count(name) != 1:
            problem = "is repeated; keep one of them" if name in keys else "is missing; rename a column, or add it"
            raise DataError(f"the column {name!r} {problem} (the columns are {list_names(header)})")
    return [keys.index(name) for name in COLUMNS]


def _cells(row: Sequence[str], header: Sequence[str], places: Sequence[int]) -> list[str]:
    """File, onset, offset and label of a row."""
    if len(row) == 1 and places[0] == 0:  # some editors strip the tabs from the end of a row without an event
        return [row[0], "", "", ""]
    if len(row) != len(header):
        raise DataError(f"the row has {len(row)} cells for {len(header)} columns; give it one for each column")
    cells = [row[place] for place in places]
    if not cells[0].strip():
        raise DataError("filename is empty; give the file that holds the event")
    return cells


def _event(onset: str, offset: str, label: str) -> TimedLabel | None:
    given = [cell.strip() for cell in (onset, offset, label)]
    if not any(given):
        return None
    if not all(given):
        missing = COLUMNS[1 + given.index("")]
        raise DataError(f"{missing} is empty; fill it, or leave all of onset, offset and event_label empty")
    return TimedLabel(given[2], parse_seconds(given[0], "onset"), parse_seconds(given[1], "offset"))


def _clip(name: str, events: Sequence[TimedLabel]) -> Clip:
    by_onset = tuple(sorted(events, key=lambda event: (event.onset_s, event.offset_s, event.label)))
    return Clip(name, labels=tuple(dict.fromkeys(event.label for event in events)), events=by_onset)
