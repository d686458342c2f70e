"""Read a file of any annotation program."""

from __future__ import annotations

import csv
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

from panns.data.annotations.annotation import AnnotatedSound
from panns.data.annotations.audacity import is_audacity, read_audacity
from panns.data.annotations.birdnet import is_birdnet, read_birdnet
from panns.data.annotations.detections import is_detections, read_detection_lines, read_detections
from panns.data.annotations.elan import read_elan
from panns.data.annotations.kaleidoscope import is_kaleidoscope, read_kaleidoscope
from panns.data.annotations.label_studio import read_label_studio
from panns.data.annotations.raven import is_raven, read_raven
from panns.data.annotations.rttm import read_rttm
from panns.data.clip_lists.text_file import open_text
from panns.errors import DataError
from panns.system.files import open_regular
from panns.system.json_files import DamagedJson, read_json

# Words that Raven, BirdNET-Analyzer and people add to the name of a sound, in this order from the end.
_ADDED = (
    *(".selections", ".Table.1", ".BirdNET.selection.table", ".BirdNET.results.r", ".BirdNET.results", ".BirdNET"),
    ".labels",
)
_FORMS = (
    "an event table (.tsv, .csv), a Raven or Audacity table (.txt), a Kaleidoscope or BirdNET table (.csv), Label "
    "Studio's JSON, an ELAN document (.eaf), RTTM, or what panns detect wrote (.csv, .jsonl)"
)


@dataclass(frozen=True)
class _TableFormat:
    """A format of tables that is recognised by its column names.

    Attributes:
        is_of: True for the column names of such a table.
        read: Reads a table, given its delimiter and the sound that it belongs to if it names none.
    """

    is_of: Callable[[list[str]], bool]
    read: Callable[[TextIO, str, str], list[AnnotatedSound]]


# In the order in which they are tried.
_TABLE_FORMATS = (
    _TableFormat(is_raven, lambda file, _, sound: read_raven(file, sound)),
    _TableFormat(is_kaleidoscope, lambda file, delimiter, _: read_kaleidoscope(file, delimiter)),
    _TableFormat(is_detections, lambda file, delimiter, _: read_detections(file, delimiter)),
    _TableFormat(is_birdnet, read_birdnet),
)


def read_annotations(path: str | os.PathLike[str]) -> list[AnnotatedSound]:
    """Read the annotated sounds of a file, with paths as the file gives them; use `SoundFinder` to find them.

    Raises:
        DataError: The file is missing, of another kind, or damaged; the message names the file and the line.
    """
    path = Path(path)
    suffix = path.suffix.lower()
    if suffix == ".eaf":
        try:
            with open_regular(path) as document:
                return read_elan(document)
        except DataError as exc:
            raise DataError(f"{path}: {exc}") from exc
        except OSError as exc:
            raise DataError(f"{path} cannot be read ({exc.strerror or exc}); check the path") from exc
    if suffix == ".json":
        try:
            return read_label_studio(read_json(path))
        except DamagedJson as exc:
            raise DataError(str(exc)) from exc
        except DataError as exc:
            raise DataError(f"{path}, {exc}") from exc
    with open_text(path) as file:
        if suffix == ".rttm":
            return read_rttm(file)
        if suffix == ".jsonl":
            return read_detection_lines(file)
        first = file.readline()
        file.seek(0)
        header, delimiter = split_header(first)
        table_format = _format_of(header)
        if table_format is not None:
            return table_format.read(file, delimiter, _sound_of(path))
        if is_audacity(first):
            return read_audacity(file, _sound_of(path))
    raise DataError(f"{path}: the form of the file is unknown; give {_FORMS}")


def is_annotation_table(header: list[str]) -> bool:
    """True if these are column names of a table that `read_annotations` reads."""
    return _format_of(header) is not None


def split_header(line: str) -> tuple[list[str], str]:
    """Column names in the first line of a table, and the delimiter.

    Examples:
        >>> split_header("IN FILE,OFFSET,DURATION")
        (['IN FILE', 'OFFSET', 'DURATION'], ',')
    """
    delimiter = max("\t,;", key=line.count)
    return next(csv.reader([line], delimiter=delimiter), []), delimiter


def _format_of(header: list[str]) -> _TableFormat | None:
    return next((one for one in _TABLE_FORMATS if one.is_of(header)), None)


def _sound_of(table: Path) -> str:
    """Name of the sound that a table without names belongs to: its own, without the words that programs add.

    Examples:
        >>> _sound_of(Path("a/rain.Table.1.selections.txt")), _sound_of(Path("rain.wav.txt")), _sound_of(Path("b.txt"))
        ('rain', 'rain.wav', 'b')
        >>> _sound_of(Path("dawn.BirdNET.selection.table.txt")), _sound_of(Path("dawn.BirdNET.results.csv"))
        ('dawn', 'dawn')
    """
    stem = table.stem
    for word in _ADDED:
        stem = stem.removesuffix(word)
    return stem
