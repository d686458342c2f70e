"""A folder of clips of detected events, with a table in which a reviewer writes.

clips/
  Dog_garden_00012.480.wav     class, recording, onset: names sort by class
  clips.csv                    a row per clip; the column review is empty
  clips.jsonl                  the same rows, for `panns review` to know what was there before
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from contextlib import ExitStack
from dataclasses import MISSING, asdict, fields, replace
from pathlib import Path
from types import TracebackType
from typing import Any

from panns.audio.excerpts import Excerpt, write_excerpts
from panns.audio.limits import DecodeLimits
from panns.data.annotations.annotation import Annotation
from panns.data.clip_lists.json_values import seconds_value, text_value
from panns.data.review.clip_table import add_to_table, write_table_anew
from panns.data.review.detected_clips import ClipSettings, DetectedClip, is_clip_name, plan_clips, recording_stems
from panns.errors import DataError, PannsError
from panns.results import Detection
from panns.system.files import is_file, relative_path, replacing
from panns.system.json_files import DamagedJson, parse_json, read_json, to_json
from panns.system.locks import exclusive_or_skip
from panns.system.storage import disk_errors

RECORDS, _SETTINGS, _LOCK = "clips.jsonl", ".settings.json", ".lock"

_REMEDY = "make room, or give another folder for the clips"


class ClipFolder:
    """Clips of many recordings, added as their events become known.

    Use it in a `with` block: one run at a time writes to a folder.

    Args:
        folder: The folder; it is made if it does not exist.
        recordings: Paths of all recordings.
        settings: Which sounds of events become clips.
        detected_by: Everything else that decides the events, such as the model; values that differ between runs.
        resume: Add to the clips of earlier runs. Their records, and what a reviewer did with them, stay.
        limits: Limits on decoding.
        has_clock: True to write the clock times of the events into the table.

    Raises:
        DataError: The folder holds clips already, and `resume` is False; or they are of other settings.
        PannsError: Another run writes to the folder, or it cannot be written.
    """

    def __init__(
        self,
        folder: Path,
        recordings: Iterable[str],
        settings: ClipSettings,
        *,
        detected_by: Mapping[str, str] | None = None,
        resume: bool,
        limits: DecodeLimits,
        has_clock: bool = False,
    ) -> None:
        self._folder, self._settings, self._limits, self._has_clock = folder, settings, limits, has_clock
        with ExitStack() as stack, disk_errors(folder, _REMEDY):
            folder.mkdir(parents=True, exist_ok=True)
            if not stack.enter_context(exclusive_or_skip(folder / _LOCK)):
                raise PannsError(f"another run writes to {folder}; wait until it has ended, or give another folder")
            self._begin(recordings, {**asdict(settings), **(detected_by or {})}, resume=resume)
            self._held = stack.pop_all()

    def __enter__(self) -> ClipFolder:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._held.close()

    def _begin(self, recordings: Iterable[str], settings: Mapping[str, object], *, resume: bool) -> None:
        folder = self._folder
        has_records = (folder / RECORDS).exists()
        if has_records and not resume:
            raise DataError(
                f"{folder} holds clips already; give another folder, or -o and --resume to continue an interrupted run"
            )
        kept = read_records(folder) if has_records else []
        if kept:
            self._check_settings(settings)
        self._stems = recording_stems(recordings, [(one.recording, one.stem) for one in kept])
        self._kept = {one.clip for one in kept}
        write_table_anew(folder, kept, has_clock=self._has_clock)
        for name, lines in ((RECORDS, map(asdict, kept)), (_SETTINGS, [settings])):
            with replacing(folder / name) as partial, partial.open("w", encoding="utf-8") as file:
                file.writelines(to_json(line) + "\n" for line in lines)

    def _check_settings(self, settings: Mapping[str, object]) -> None:
        path = self._folder / _SETTINGS
        try:
            before = read_json(path) if path.exists() else dict(settings)
        except DamagedJson as exc:
            raise DataError(f"{exc}; give another folder for the clips") from exc
        if not isinstance(before, dict):
            raise DataError(f"{path} holds no settings; give another folder for the clips")
        names = sorted(name for name in {*before, *settings} if before.get(name) != settings.get(name))
        if names:
            raise DataError(
                f"{self._folder} holds clips that were written with other settings ({', '.join(names)}); give those, "
                "or another folder"
            )

    def write_clips(self, recording: str, detection: Detection) -> None:
        """Write the files of the clips of a recording that the folder lacks; from any thread."""
        excerpts = [
            Excerpt(self._folder / one.clip, one.clip_onset_s, one.clip_offset_s)
            for one in self._plan(recording, detection)
        ]
        with disk_errors(self._folder, _REMEDY):
            write_excerpts(recording, excerpts, duration_s=detection.duration_s, limits=self._limits)

    def add_rows(self, recording: str, detection: Detection) -> int:
        """Add the rows of the clips of a recording; returns their number."""
        clips = self._plan(recording, detection)
        with disk_errors(self._folder, _REMEDY):
            # The table comes first: a record without a row is that of a clip whose row a reviewer removed.
            add_to_table(self._folder, clips, has_clock=self._has_clock)
            with (self._folder / RECORDS).open("a", encoding="utf-8") as records:
                records.writelines(to_json(asdict(one)) + "\n" for one in clips)
        return len(clips)

    def _plan(self, recording: str, detection: Detection) -> list[DetectedClip]:
        """The clips that are new: a reviewer may have moved or deleted the others."""
        clips = plan_clips(recording, self._stems[recording], detection, self._settings)
        path = relative_path(Path(recording), self._folder)
        return [replace(one, recording_path=path) for one in clips if one.clip not in self._kept]


def is_clip_folder(folder: str) -> bool:
    """True for a folder of clips."""
    return is_file(os.path.join(folder, RECORDS))  # noqa: PTH118 - the text may be no path


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
    # Older records lack the fields that have a default.
    given = {one.name: one.default for one in fields(DetectedClip) if one.default is not MISSING} | record
    values: dict[str, Any] = {
        one.name: read[str(one.type)](given.get(one.name), one.name) for one in fields(DetectedClip)
    }
    clip = DetectedClip(**values)
    if not is_clip_name(clip.clip):
        raise DataError(f"clip={clip.clip!a:.40} is not the name of a clip")
    # Refuses times that are no stretch, and a label that is no text.
    Annotation(clip.label, clip.onset_s, clip.offset_s)
    Annotation(clip.label, clip.clip_onset_s, clip.clip_offset_s)
    Annotation(clip.label, clip.event_onset_s, clip.event_offset_s)
    return clip
