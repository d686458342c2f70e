"""The table of a folder of clips, in which a reviewer writes: `clips.csv`."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
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
        DataError: The table has lost a column, has two reviews of one clip, or is not text.
    """
    table = _read_table(folder / TABLE)
    return {clip: cells["review"] for clip, cells in table.rows.items()} if table is not None else {}


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
        table.write(csv_text([columns, *cells]))


def add_to_table(folder: Path, clips: Iterable[DetectedClip], *, has_clock: bool) -> None:
    """Add a row for each clip, to a table with or without columns of clock times."""
    with (folder / TABLE).open("a", encoding="utf-8", newline="") as table:
        table.write(csv_text(_row(clip, has_clock=has_clock) for clip in clips))


@dataclass(frozen=True)
class _Table:
    """What a table holds.

    Attributes:
        titles: Names of the columns as they are written, by key: the name in lower case, or for a column without a name
            of its own, its number.
        rows: Cells of each clip, by key of the column.
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
            cells = {key: unescape_cell(cell).strip() for key, cell in zip(titles, line, strict=True)}
            clip = cells["clip"]
            if not clip:
                continue
            reviews = dict.fromkeys(one for one in (rows.get(clip, cells)["review"], cells["review"]) if one)
            if len({review.casefold() for review in reviews}) > 1:
                raise DataError(
                    f"line {lines.line_num}: {clip} has two reviews, {' and '.join(map(repr, reviews))}; remove one row"
                )
            rows[clip] = cells | {"review": next(iter(reviews), "")}
    return _Table(titles, rows)


def _add_column(titles: dict[str, str], title: str) -> None:
    key = title.lower()
    titles[key if key and key not in titles else f"column {len(titles) + 1}"] = title


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
