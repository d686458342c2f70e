"""A list of clips with their labels, origin and licence, as a CSV file that a person can read."""

from __future__ import annotations

import csv
from collections.abc import Iterable
from dataclasses import astuple, dataclass, fields
from pathlib import Path

_BETWEEN_LABELS = "|"  # labels hold commas and semicolons, never this


@dataclass(frozen=True)
class Clip:
    """One clip.

    Attributes:
        path: Its file, relative to the folder that the reader of the manifest knows.
        labels: Names of classes that are heard in it; none where they are not known.
        source_id: What it was cut from; clips of one source never stand on both sides of a split.
        split: The part of the data that it belongs to, such as "train".
        licence: Its own licence.
        attribution: Who is to be named for it, and where it was published.
    """

    path: str
    labels: tuple[str, ...]
    source_id: str
    split: str
    licence: str
    attribution: str


_HEADER = [field.name for field in fields(Clip)]


def write_manifest(path: Path, clips: Iterable[Clip]) -> None:
    """Write clips to a CSV file."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(_HEADER)
        for clip in clips:
            writer.writerow(
                _BETWEEN_LABELS.join(value) if isinstance(value, tuple) else value for value in astuple(clip)
            )


def read_manifest(path: Path) -> list[Clip]:
    """The clips of a CSV file.

    Raises:
        ValueError: Its header or one of its lines is not that of a manifest.
    """
    with path.open(encoding="utf-8", newline="") as file:
        header, *rows = csv.reader(file)
    if header != _HEADER:
        raise ValueError(f"{path} begins with {','.join(header)!r}; a manifest begins with {','.join(_HEADER)!r}")
    clips = []
    for number, row in enumerate(rows, start=2):
        if len(row) != len(_HEADER):
            raise ValueError(f"{path}, line {number}: {len(row)} columns; a manifest has {len(_HEADER)}")
        name, labels, *rest = row
        clips.append(Clip(name, tuple(labels.split(_BETWEEN_LABELS)) if labels else (), *rest))
    return clips
