"""The table of a folder of clips, in which a reviewer writes: `clips.csv`."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from panns.data.annotations.cells import unescape_cell
from panns.data.clip_lists.text_file import open_text
from panns.data.review.detected_clips import DetectedClip
from panns.errors import DataError
from panns.system.files import replacing
from panns.system.safe_text import csv_text

TABLE = "clips.csv"
COLUMNS = ("clip", "label", "review", "score", "recording", "onset_s", "offset_s")
CLOCK_COLUMNS = ("onset_at", "offset_at")


def read_reviews(folder: Path) -> dict[str, str]:
    """The cells of the column `review` by clip, from the table as a person or a spreadsheet left it.

    Raises:
        DataError: The table has lost a column, or is not text.
    """
    rows = _read_rows(folder / TABLE)
    return {clip: row["review"] for clip, row in rows.items()} if rows is not None else {}


def write_table_anew(folder: Path, clips: Iterable[DetectedClip], *, has_clock: bool) -> None:
    """Write the table in the form to which rows can be added, with all that a reviewer wrote or removed.

    Args:
        folder: The folder of clips.
        clips: The clips in it.
        has_clock: True for columns with clock times.
    """
    rows = _read_rows(folder / TABLE)
    columns: Sequence[str] = COLUMNS + (CLOCK_COLUMNS if has_clock else ())
    cells = [_row(clip, has_clock=has_clock) for clip in clips]
    if rows is not None:
        own = list(dict.fromkeys(name for row in rows.values() for name in row if name not in columns))
        cells = [_row(clip, rows[clip.clip], own, has_clock=has_clock) for clip in clips if clip.clip in rows]
        columns = [*columns, *own]
    # The byte order mark makes Excel read UTF-8.
    with (
        replacing(folder / TABLE) as partial,
        partial.open("w", encoding="utf-8-sig", errors="replace", newline="") as table,
    ):
        table.write(csv_text([columns, *cells]))


def add_to_table(folder: Path, clips: Iterable[DetectedClip], *, has_clock: bool) -> None:
    """Add a row for each clip, to a table with or without columns of clock times."""
    with (folder / TABLE).open("a", encoding="utf-8", newline="") as table:
        table.write(csv_text(_row(clip, has_clock=has_clock) for clip in clips))


def _read_rows(path: Path) -> dict[str, dict[str, str]] | None:
    """Rows by clip, with names of columns in lower case; None if there is no table."""
    if not path.exists():
        return None
    with open_text(path) as file:
        first = file.readline()
        file.seek(0)
        table = csv.DictReader(file, delimiter=max("\t,;", key=first.count))
        names = {name.strip().lower(): name for name in table.fieldnames or () if name.strip()}
        for name in ("clip", "review"):
            if name not in names:
                raise DataError(f"line 1: the column {name!r} is missing; give it back its name")
        rows: dict[str, dict[str, str]] = {}
        for cells in table:
            row = {key: unescape_cell(cells[name] or "").strip() for key, name in names.items()}
            before = rows.get(row["clip"])
            row["review"] = row["review"] or (before["review"] if before else "")
            rows[row["clip"]] = row
    return rows


def _row(
    clip: DetectedClip, written: Mapping[str, str] | None = None, own: Sequence[str] = (), *, has_clock: bool
) -> list[object]:
    """Cells of a clip, with what a reviewer wrote into the column `review` and into columns of their own."""
    written = written or {}
    times = f"{clip.onset_s:.3f}", f"{clip.offset_s:.3f}"
    recording = clip.recording.encode("utf-8", "replace").decode()
    cells = [clip.clip, clip.label, written.get("review", ""), f"{clip.score:.3f}", recording, *times]
    clock = (clip.onset_at, clip.offset_at) if has_clock else ()
    return [*cells, *clock, *(written.get(name, "") for name in own)]
