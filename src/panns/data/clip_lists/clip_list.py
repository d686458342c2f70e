"""A list of clips in a file or folder that a person can read and make: CSV, TSV, JSON lines, or a folder a class."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from panns.data.clip_lists.folders import read_folder
from panns.data.clip_lists.json_lines import read_lines, write_lines
from panns.data.clip_lists.tables import read_table, write_table
from panns.data.clip_lists.text_file import reading
from panns.data.clips.clip import Clip, TimedLabel
from panns.errors import DataError
from panns.system.files import replacing

__all__ = ["Clip", "ClipList", "TimedLabel", "read_clip_list", "write_clip_list"]

_DELIMITERS = {".csv": ",", ".tsv": "\t"}
_JSON_LINES = ".jsonl"


@dataclass(frozen=True)
class ClipList:
    """Clips, and where they lie.

    Attributes:
        root: What relative paths are relative to.
        clips: In the order of the file; of a folder, in alphabetical order of class, then of file.
        classes: Of a folder, the names of all class folders, also of those without a sound; otherwise none.
    """

    root: Path
    clips: Sequence[Clip]
    classes: tuple[str, ...] = ()

    def file(self, clip: Clip) -> Path:
        """Where a clip lies."""
        return self.root / clip.path


def read_clip_list(path: str | os.PathLike[str]) -> ClipList:
    """The clips that a file lists, or that the class folders in a folder hold.

    Tables (.csv, .tsv) and JSON lines (.jsonl) name, in any order: `path`; `labels` (any number) or `label` (one);
    and if they have them `fold`, `source` (or `source_id`), `onset_s` and `offset_s` (or `onset`, `offset`), `events`,
    `licence`, `attribution`. What else they name is passed over. For folders see `folders.read_folder`.

    Raises:
        DataError: It is none of these, or says what cannot be; the message names file and line.
    """
    path = Path(path)
    if path.is_dir():
        found, classes = read_folder(path)
        return ClipList(path, tuple(found), tuple(classes))
    if not path.exists():
        raise DataError(f"{path}: there is no such file or folder; check the path")
    suffix = _checked_suffix(path)
    with reading(path) as file:
        lines = read_lines(file) if suffix == _JSON_LINES else read_table(file, delimiter=_DELIMITERS[suffix])
        clips = tuple(lines)
    if not clips:
        raise DataError(f"{path} lists no clips; give it a line for each")
    return ClipList(path.parent, clips)


def write_clip_list(path: str | os.PathLike[str], clips: Iterable[Clip]) -> None:
    """Write clips to a .csv, .tsv or .jsonl file, which `read_clip_list` reads as they were, exactly.

    Args:
        path: Where to; paths of clips that are relative are so to its folder.
        clips: At least one.

    Raises:
        DataError: Another suffix, or a path in bytes that are no text, which only .jsonl can hold.
    """
    path, listed = Path(path), tuple(clips)
    suffix = _checked_suffix(path)
    with replacing(path) as partial, partial.open("w", encoding="utf-8", newline="") as file:
        if suffix == _JSON_LINES:
            write_lines(file, listed)
            return
        try:
            write_table(file, listed, delimiter=_DELIMITERS[suffix])
        except UnicodeEncodeError as problem:
            raise DataError(
                f"{problem.object.strip()!r:.100} has bytes that are no text, as names of files may; "
                f"rename the file, or write a {_JSON_LINES} manifest"
            ) from problem


def _checked_suffix(path: Path) -> str:
    suffix = path.suffix.lower()
    if suffix not in {*_DELIMITERS, _JSON_LINES}:
        raise DataError(
            f"{path} ends in {path.suffix or 'nothing'}; a manifest is a .csv, .tsv or .jsonl file, or a folder of "
            "class folders"
        )
    return suffix
