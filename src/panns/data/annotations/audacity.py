"""Label tracks of Audacity: onset, offset and label, separated by tabs, without column names.

Format: Audacity Manual, "Importing and Exporting Labels". A line that begins with a backslash holds the frequencies of
the label before it. A track belongs to the sound of its own name. BirdNET-Analyzer adds a fourth cell, the confidence.
"""

from __future__ import annotations

from typing import TextIO

from panns.data.annotations.annotation import AnnotatedSound, Annotation
from panns.data.annotations.cells import number, text_cell
from panns.errors import DataError


def is_audacity(line: str) -> bool:
    """True if this can be the first line of a label track."""
    cells = line.split("\t")
    try:
        times = cells[:2] + cells[3:]  # and the confidence
        return len(cells) in {2, 3, 4} and all(number(cell.strip(), "number") >= 0 for cell in times)
    except DataError:
        return False


def read_audacity(file: TextIO, sound: str) -> list[AnnotatedSound]:
    """Read a track.

    Args:
        file: The track.
        sound: The sound that it belongs to.

    Raises:
        DataError: A line is not a label; the message begins with the line.
    """
    events = []
    for line_number, line in enumerate(file, start=1):
        if not line.strip() or line.startswith("\\"):
            continue
        onset, offset, text = [*line.rstrip("\r\n").split("\t", 2), "", ""][:3]
        label, _, confidence = text.partition("\t")
        try:
            times = number(onset.strip(), "onset"), number(offset.strip(), "offset")
            score = number(text_cell(confidence), "confidence") if text_cell(confidence) else None
            events.append(Annotation(text_cell(label), *times, score))
        except DataError as exc:
            raise DataError(f"line {line_number}: {exc}") from exc
    return [AnnotatedSound(sound, tuple(events))]
