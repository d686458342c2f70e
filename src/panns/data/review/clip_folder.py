"""A folder of clips of detected events, with a table in which a reviewer writes.

clips/
  Dog_garden_00012.480.wav     class, recording, onset: names sort by class
  clips.csv                    a row per clip; the column review is empty
  clips.jsonl                  the same rows, for `panns review` to know what was there before
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any

from panns.audio.excerpts import Excerpt, write_excerpts
from panns.audio.limits import DecodeLimits
from panns.data.annotations.annotation import Annotation
from panns.data.annotations.cells import unescape_cell
from panns.data.clip_lists.json_values import seconds_value, text_value
from panns.data.clip_lists.text_file import open_text
from panns.data.review.detected_clips import ClipSettings, DetectedClip, is_clip_name, plan_clips, recording_stems
from panns.errors import DataError, PannsError
from panns.results import Detection
from panns.system.files import is_file, replacing
from panns.system.json_files import parse_json, to_json
from panns.system.storage import storage_problem

TABLE, RECORDS = "clips.csv", "clips.jsonl"
COLUMNS = ("clip", "label", "review", "score", "recording", "onset_s", "offset_s")
_FORMULA = ("=", "+", "-", "@")


class ClipFolder:
    """Clips of many recordings, added as their events become known.

    Args:
        folder: The folder; it is made if it does not exist.
        recordings: Paths of all recordings.
        settings: Which sounds of events become clips.
        done: Recordings whose clips stay; None to begin a new folder.
        limits: Limits on decoding.

    Raises:
        DataError: The folder holds clips already, and `done` is None.
        PannsError: The folder cannot be written.
    """

    def __init__(
        self,
        folder: Path,
        recordings: Iterable[str],
        settings: ClipSettings,
        *,
        done: set[str] | None,
        limits: DecodeLimits,
    ) -> None:
        self._folder, self._settings, self._limits = folder, settings, limits
        with _write_errors(folder):
            self._begin(recordings, done)

    def _begin(self, recordings: Iterable[str], done: set[str] | None) -> None:
        folder = self._folder
        has_records = (folder / RECORDS).exists()
        if has_records and done is None:
            raise DataError(
                f"{folder} holds clips already; give another folder, or -o and --resume to continue an interrupted run"
            )
        folder.mkdir(parents=True, exist_ok=True)
        kept = [one for one in read_records(folder) if one.recording in (done or ())] if has_records else []
        self._write_anew(kept)
        self._stems = recording_stems(recordings, [(one.recording, one.stem) for one in kept])

    def _write_anew(self, kept: Sequence[DetectedClip]) -> None:
        with replacing(self._folder / RECORDS) as partial, partial.open("w", encoding="utf-8") as file:
            file.writelines(to_json(asdict(one)) + "\n" for one in kept)
        reviews = read_reviews(self._folder) if kept else {}  # a reviewer may have begun
        rows = [_row(one, reviews.get(one.clip, "")) for one in kept]
        # The byte order mark makes Excel read UTF-8.
        with replacing(self._folder / TABLE) as partial, partial.open("w", encoding="utf-8-sig", newline="") as table:
            table.write(_csv([COLUMNS, *rows]))

    def write_clips(self, recording: str, detection: Detection) -> None:
        """Write the files of the clips of a recording; from any thread."""
        excerpts = [
            Excerpt(self._folder / one.clip, one.clip_onset_s, one.clip_offset_s)
            for one in self._plan(recording, detection)
        ]
        with _write_errors(self._folder):
            write_excerpts(recording, excerpts, duration_s=detection.duration_s, limits=self._limits)

    def add_rows(self, recording: str, detection: Detection) -> int:
        """Add the rows of the clips of a recording; returns their number."""
        clips = self._plan(recording, detection)
        with _write_errors(self._folder):
            with (self._folder / RECORDS).open("a", encoding="utf-8") as records:
                records.writelines(to_json(asdict(one)) + "\n" for one in clips)
            with (self._folder / TABLE).open("a", encoding="utf-8", newline="") as table:
                table.write(_csv(map(_row, clips)))
        return len(clips)

    def _plan(self, recording: str, detection: Detection) -> list[DetectedClip]:
        return plan_clips(recording, self._stems[recording], detection, self._settings)


@contextmanager
def _write_errors(folder: Path) -> Iterator[None]:
    try:
        yield
    except OSError as exc:
        if isinstance(exc, PannsError):
            raise
        raise PannsError(f"{folder}: {storage_problem(exc)}; make room, or give another folder for the clips") from exc


def read_records(folder: Path) -> list[DetectedClip]:
    """The clips that were written to a folder.

    Raises:
        DataError: The folder is not one of clips, or its record is damaged.
    """
    path = folder / RECORDS
    if not is_file(path):
        raise DataError(f"{folder} holds no {RECORDS}; give a folder that panns detect --clips wrote")
    clips: dict[str, DetectedClip] = {}
    with path.open(encoding="utf-8", errors="replace") as file:
        for number, line in enumerate(file, start=1):
            if not line.endswith("\n"):
                break  # the run was stopped while it wrote this line
            try:
                clip = _to_clip(parse_json(line))
            except ValueError as exc:
                raise DataError(
                    f"{path}, line {number}: this is not the record of a clip ({exc}); write the clips again"
                ) from exc
            clips[clip.clip] = clip
    return list(clips.values())


def _to_clip(record: object) -> DetectedClip:
    """The clip of a record.

    Raises:
        ValueError: It has other fields, or a name that leads out of the folder.
    """
    if not isinstance(record, dict):
        raise DataError(f"{record!r:.40} is not an object")
    read = {"str": text_value, "float": seconds_value}
    values: dict[str, Any] = {
        one.name: read[str(one.type)](record.get(one.name), one.name) for one in fields(DetectedClip)
    }
    clip = DetectedClip(**values)
    if not is_clip_name(clip.clip):
        raise DataError(f"clip={clip.clip!a:.40} is not the name of a clip")
    # Refuses times that are no stretch, and a label that is no text.
    Annotation(clip.label, clip.onset_s, clip.offset_s)
    Annotation(clip.label, clip.clip_onset_s, clip.clip_offset_s)
    Annotation(clip.label, clip.event_onset_s, clip.event_offset_s)
    return clip


def read_reviews(folder: Path) -> dict[str, str]:
    """The cells of the column `review` by clip, from the table as a person or a spreadsheet left it.

    Raises:
        DataError: The table has lost a column, or is not text.
    """
    path = folder / TABLE
    if not path.exists():
        return {}
    with open_text(path) as file:
        first = file.readline()
        file.seek(0)
        rows = csv.DictReader(file, delimiter=max("\t,;", key=first.count))
        names = {name.strip().lower(): name for name in rows.fieldnames or ()}
        for name in ("clip", "review"):
            if name not in names:
                raise DataError(f"line 1: the column {name!r} is missing; give it back its name")
        reviews: dict[str, str] = {}
        for row in rows:
            clip = unescape_cell(row[names["clip"]] or "").strip()
            reviews[clip] = unescape_cell(row[names["review"]] or "").strip() or reviews.get(clip, "")
    return reviews


def _row(clip: DetectedClip, review: str = "") -> list[object]:
    times = f"{clip.onset_s:.3f}", f"{clip.offset_s:.3f}"
    recording = clip.recording.encode("utf-8", "replace").decode()
    return [clip.clip, clip.label, review, f"{clip.score:.3f}", recording, *times]


def _csv(rows: Iterable[Iterable[object]]) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows([_safe(cell) for cell in row] for row in rows)
    return text.getvalue()


def _safe(cell: object) -> object:
    """A cell that spreadsheets do not compute; `unescape_cell` reads it."""
    return f"'{cell}" if isinstance(cell, str) and len(cell) > 1 and cell.startswith(_FORMULA) else cell
