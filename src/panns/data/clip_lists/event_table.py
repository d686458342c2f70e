"""Sounds and what is heard in them when, as a table with a row an event, in the form of the DCASE challenges.

    filename          onset  offset  event_label
    audio/0001.wav    0.5    1.25    Dog
    audio/0001.wav    2      4.5     Rain
    audio/0002.wav

Tabs stand between the cells of a .tsv, commas between those of a .csv. Files are relative to the folder of the table;
a file in which nothing is heard has one row whose other cells are empty.
"""

from __future__ import annotations

import csv
import os
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TextIO

from panns.data.clip_lists.clip_list import ClipList
from panns.data.clip_lists.tables import check_delimiter, number_in, seconds_text
from panns.data.clip_lists.text_file import reading
from panns.data.clips.clip import Clip, TimedLabel
from panns.errors import DataError
from panns.system.files import replacing

COLUMNS = ("filename", "onset", "offset", "event_label")
# What a table is called that is found in a folder.
EVENT_TABLES = ("events.tsv", "events.csv")
_DELIMITERS = {".tsv": "\t", ".csv": ","}


def read_event_table(path: str | os.PathLike[str]) -> ClipList:
    """The sounds that a table of events names, in its order, each with its events by onset and with their labels.

    Args:
        path: The table, or a folder with an `events.tsv` or `events.csv` in it. Rows may come in any order, and columns
            too; other columns are passed over.

    Raises:
        DataError: It is no such table, or says what cannot be; the message names file and line.
    """
    path = _table_at(Path(path))
    delimiter = _delimiter_of(path)
    events: dict[str, list[TimedLabel]] = {}
    silent: dict[str, int] = {}
    with reading(path) as file:
        for line, name, event in _rows(file, delimiter):
            of_file = events.setdefault(name, [])
            if event is None:
                silent[name] = line
            else:
                of_file.append(event)
        for name, line in silent.items():
            if events[name]:
                raise DataError(f"line {line}: {name} has no event here and {len(events[name])} elsewhere; keep one")
    if not events:
        raise DataError(f"{path} names no sound; give it a row for each event")
    return ClipList(path.parent, tuple(_clip(name, of_file) for name, of_file in events.items()))


def write_event_table(path: str | os.PathLike[str], clips: Iterable[Clip]) -> None:
    """Write sounds and their events to a .tsv or .csv file, which `read_event_table` reads.

    Args:
        path: Where to; paths of clips that are relative are so to its folder.
        clips: Whole files; of each only path and events are written.

    Raises:
        DataError: Another suffix.
    """
    path = Path(path)
    delimiter = _delimiter_of(path)
    with replacing(path) as partial, partial.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, delimiter=delimiter, lineterminator="\n")
        writer.writerow(COLUMNS)
        for clip in clips:
            for one in clip.events:
                writer.writerow([clip.path, seconds_text(one.onset_s), seconds_text(one.offset_s), one.label])
            if not clip.events:
                writer.writerow([clip.path, "", "", ""])


def _table_at(path: Path) -> Path:
    if path.is_dir():
        found = [path / name for name in EVENT_TABLES if (path / name).is_file()]
        if len(found) != 1:
            which = "both; give one of them" if found else "neither; give the table of its events"
            raise DataError(
                f"{path} is a folder, in which {' or '.join(EVENT_TABLES)} is looked for, and holds {which}"
            )
        return found[0]
    if not path.exists():
        raise DataError(f"{path}: there is no such file or folder; check the path")
    return path


def _delimiter_of(path: Path) -> str:
    try:
        return _DELIMITERS[path.suffix.lower()]
    except KeyError:
        raise DataError(
            f"{path} ends in {path.suffix or 'nothing'}; a table of events is a .tsv or .csv file with the columns "
            f"{', '.join(COLUMNS)}"
        ) from None


def _rows(file: TextIO, delimiter: str) -> Iterator[tuple[int, str, TimedLabel | None]]:
    """Line, file and event of every row; no event for a file in which nothing is heard."""
    rows = csv.reader(file, delimiter=delimiter, strict=True)
    try:
        header = next(rows, [])
        places = _places(header, delimiter)
        for row in rows:
            if row:
                name, *cells = _cells(row, header, places)
                yield rows.line_num, name, _event(*cells)
    except (DataError, csv.Error) as problem:
        raise DataError(f"line {max(rows.line_num, 1)}: {problem}") from problem


def _places(header: Sequence[str], delimiter: str) -> list[int]:
    """Where each of the columns stands."""
    if not header:
        raise DataError(f"there are no names of columns; a table of events begins with {', '.join(COLUMNS)}")
    check_delimiter(header, delimiter)
    keys = [name.strip().lower() for name in header]
    for name in COLUMNS:
        if keys.count(name) != 1:
            problem = "is there twice; keep one of them" if name in keys else "is missing; rename what is meant"
            raise DataError(f"the column {name!r} {problem} (there are {', '.join(map(repr, header))})")
    return [keys.index(name) for name in COLUMNS]


def _cells(row: Sequence[str], header: Sequence[str], places: Sequence[int]) -> list[str]:
    """File, onset, offset and label; editors like to take the tabs off the end of a row of which only the file is."""
    if len(row) == 1 and places[0] == 0:
        return [row[0], "", "", ""]
    if len(row) != len(header):
        raise DataError(f"{len(row)} cells, where the names of the columns are {len(header)}; give each column one")
    cells = [row[place] for place in places]
    if not cells[0].strip():
        raise DataError("filename is empty; give the file of the sound")
    return cells


def _event(onset: str, offset: str, label: str) -> TimedLabel | None:
    given = [cell.strip() for cell in (onset, offset, label)]
    if not any(given):
        return None
    if not all(given):
        missing = COLUMNS[1 + given.index("")]
        raise DataError(f"{missing} is empty; fill it, or leave all of onset, offset and event_label empty")
    return TimedLabel(given[2], number_in(given[0], "onset"), number_in(given[1], "offset"))


def _clip(name: str, events: Sequence[TimedLabel]) -> Clip:
    by_onset = tuple(sorted(events, key=lambda event: (event.onset_s, event.offset_s, event.label)))
    return Clip(name, labels=tuple(dict.fromkeys(event.label for event in events)), events=by_onset)
