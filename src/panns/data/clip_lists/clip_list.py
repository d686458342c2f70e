"""Read and write clip lists in any form: CSV, TSV, JSON lines, or a folder per class."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

from panns.data.clip_lists.folders import read_folder
from panns.data.clip_lists.json_lines import read_lines, write_lines
from panns.data.clip_lists.tables import read_table, write_table
from panns.data.clip_lists.text_file import open_text
from panns.data.clips.clip import Clip, ClipList
from panns.errors import DataError
from panns.system.files import replacing

_DELIMITERS = {".csv": ",", ".tsv": "\t"}
_JSON_LINES = ".jsonl"


def read_clip_list(path: str | os.PathLike[str]) -> ClipList:
    """Read the clips that a file lists, or that lie in the class folders of a folder.

    Tables (.csv, .tsv) and JSON lines (.jsonl) have, in any order, `path`; `labels` (any number) or `label` (one); and
    optionally `fold`, `source` (or `source_id`), `onset_s` and `offset_s` (or `onset`, `offset`), `events`, `licence`
    and `attribution`. Other columns are ignored. For folders see `folders.read_folder`.

    Raises:
        DataError: The file is missing, of another kind, or invalid; the message names the file and the line.
    """
    path = Path(path)
    if path.is_dir():
        clips, classes = read_folder(path)
        return ClipList(path, tuple(clips), tuple(classes))
    if not path.exists():
        raise DataError(f"{path}: no such file or folder; check the path")
    suffix = _check_suffix(path)
    with open_text(path) as file:
        lines = read_lines(file) if suffix == _JSON_LINES else read_table(file, delimiter=_DELIMITERS[suffix])
        listed = tuple(lines)
    if not listed:
        raise DataError(f"{path} lists no clips; give it a line for each clip")
    return ClipList(path.parent, listed)


def write_clip_list(path: str | os.PathLike[str], clips: Iterable[Clip]) -> None:
    """Write clips to a .csv, .tsv or .jsonl file; `read_clip_list` reads exactly the same clips.

    Args:
        path: The file to write; relative paths of clips start from its folder.
        clips: Clips, at least one.

    Raises:
        DataError: The suffix is unknown, or a path has bytes that are not text, which only .jsonl can hold.
    """
    path, listed = Path(path), tuple(clips)
    suffix = _check_suffix(path)
    with replacing(path) as partial, partial.open("w", encoding="utf-8", newline="") as file:
        if suffix == _JSON_LINES:
            write_lines(file, listed)
            return
        try:
            write_table(file, listed, delimiter=_DELIMITERS[suffix])
        except UnicodeEncodeError as exc:
            raise DataError(
                f"{exc.object.strip()!r:.100} has bytes that are not text, as names of files may; rename the file, or "
                f"write a {_JSON_LINES} file"
            ) from exc


def _check_suffix(path: Path) -> str:
    suffix = path.suffix.lower()
    if suffix not in {*_DELIMITERS, _JSON_LINES}:
        raise DataError(
            f"{path} ends in {path.suffix or 'nothing'}; a clip list is a .csv, .tsv or .jsonl file, or a folder of "
            "class folders"
        )
    return suffix
