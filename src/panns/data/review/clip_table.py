"""The table of a folder of clips, in which a reviewer writes: `clips.csv`."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from panns.data.annotations.cells import text_cell
from panns.data.clip_lists.text_file import open_text
from panns.data.review.detected_clips import DetectedClip
from panns.errors import DataError
from panns.system.files import replacing
from panns.system.safe_text import csv_rows, spreadsheet_cell

TABLE = "clips.csv"
COLUMNS = ("clip", "label", "review", "score", "recording", "onset_s", "offset_s")
CLOCK_COLUMNS = ("onset_at", "offset_at")


def read_reviews(folder: Path) -> dict[str, str]:
    """The cells of the column `review` by clip, from the table as a person or a spreadsheet left it.

    Raises:
        DataError: The table has lost a column, has two reviews of one clip, or is not text.
    """
    table = _read_table(folder / TABLE)
    return {clip: text_cell(cells["review"]) for clip, cells in table.rows.items()} if table is not None else {}


def write_table_anew(folder: Path, clips: Iterable[DetectedClip], *, has_clock: bool) -> None:
    """Write the table in the form to which rows can be added, with all that a reviewer wrote or removed.

    Args:
        folder: The folder of clips.
        clips: The clips in it.
        has_clock: True for columns with clock times.
    """
    before = _read_table(folder / TABLE)
    columns: Sequence[str] = COLUMNS + (CLOCK_COLUMNS if has_clock else ())
    cells = [_row(clip, has_clock=has_clock) for clip in clips]
    if before is not None:
        own = {key: title for key, title in before.titles.items() if key not in columns}
        cells = [
            _row(clip, before.rows[clip.clip], list(own), has_clock=has_clock)
            for clip in clips
            if clip.clip in before.rows
        ]
        columns = [*columns, *own.values()]
    # The byte order mark makes Excel read UTF-8.
    with (
        replacing(folder / TABLE) as partial,
        partial.open("w", encoding="utf-8-sig", errors="replace", newline="") as table,
    ):
        table.write(csv_rows([columns, *cells]))


def add_to_table(folder: Path, clips: Iterable[DetectedClip], *, has_clock: bool) -> None:
    """Add a row for each clip, to a table with or without columns of clock times."""
    with (folder / TABLE).open("a", encoding="utf-8", newline="") as table:
        table.write(csv_rows(_row(clip, has_clock=has_clock) for clip in clips))


@dataclass(frozen=True)
class _Table:
    """What a table holds.

    Attributes:
        titles: Names of the columns as they are written, by key: the name in lower case, or for a column without a name
            of its own, its number.
        rows: Cells of each clip as they are written, by key of the column.
    """

    titles: dict[str, str]
    rows: dict[str, dict[str, str]]


def _read_table(path: Path) -> _Table | None:
    """Read the table; None if there is none."""
    if not path.exists():
        return None
    with open_text(path) as file:
        first = file.readline()
        file.seek(0)
        lines = csv.reader(file, delimiter=max("\t,;", key=first.count))
        titles: dict[str, str] = {}
        for title in next(lines, []):
            _add_column(titles, title.strip())
        for name in ("clip", "review"):
            if name not in titles:
                raise DataError(f"line 1: the column {name!r} is missing; give it back its name")
        rows: dict[str, dict[str, str]] = {}
        for line in lines:
            while len(line) > len(titles):
                _add_column(titles, "")
            line += [""] * (len(titles) - len(line))
            cells = dict(zip(titles, line, strict=True))
            clip = text_cell(cells["clip"])
            if clip:
                try:
                    rows[clip] = _join(rows.get(clip, {}), cells, titles)
                except DataError as exc:
                    raise DataError(f"line {lines.line_num}: {clip} has {exc}; remove one row") from exc
    return _Table(titles, rows)


def _join(before: Mapping[str, str], cells: Mapping[str, str], titles: Mapping[str, str]) -> dict[str, str]:
    """Cells of two rows of one clip, each where the other has none."""
    joined = dict(cells)
    for key, cell in before.items():
        one, other = text_cell(cell), text_cell(cells[key])
        is_written_here = key != "review" and key in COLUMNS + CLOCK_COLUMNS
        if one and other and one.casefold() != other.casefold() and not is_written_here:
            raise DataError(f"two entries in the column {titles[key]!r}, {one!r:.40} and {other!r:.40}")
        if one:
            joined[key] = cell
    return joined


def _add_column(titles: dict[str, str], title: str) -> None:
    key = title.lower()
    titles[key if key and key not in titles else f"column {len(titles) + 1}"] = title


def _row(
    clip: DetectedClip, written: Mapping[str, str] | None = None, own: Sequence[str] = (), *, has_clock: bool
) -> list[object]:
    """Cells of a clip, with what a reviewer wrote into the column `review` and into columns of their own, untouched."""
    written = written or {}
    clip_cell, label, recording = (
        spreadsheet_cell(text) for text in (clip.clip, clip.label, clip.recording.encode("utf-8", "replace").decode())
    )
    times = f"{clip.onset_s:.3f}", f"{clip.offset_s:.3f}"
    cells = [clip_cell, label, written.get("review", ""), f"{clip.score:.3f}", recording, *times]
    clock = (clip.onset_at, clip.offset_at) if has_clock else ()
    return [*cells, *clock, *(written.get(name, "") for name in own)]
