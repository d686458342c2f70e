"""Events as people and other programs read them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from panns.cli.options import LanguageChoice

if TYPE_CHECKING:
    from panns.results import Detection, Event

CSV_COLUMNS = ("file", "onset_s", "offset_s", "index", "label", "label_zh", "score")
# A selection table as Raven Pro reads it: begin and end are times in the sequence of all its files, one after another
# (as in BirdNET-Analyzer's combined tables); the offset is the begin in the file that the row names.
RAVEN_COLUMNS = (
    "Selection",
    "View",
    "Channel",
    "Begin Time (s)",
    "End Time (s)",
    "Low Freq (Hz)",
    "High Freq (Hz)",
    "Label",
    "Score",
    "Begin Path",
    "File Offset (s)",
)


def label_of(event: Event, language: LanguageChoice) -> str:
    """The name of what was heard."""
    return event.label_zh if language == "zh" else event.label


def table_lines(file: str, detection: Detection, language: LanguageChoice) -> Iterator[str]:
    """For people: a block per file, a line per event with onset, offset and score."""
    yield f"{file}  {detection.duration_s:.1f} s"
    for event in detection:
        yield f"  {event.onset_s:8.2f} {event.offset_s:8.2f}  {event.score:.3f}  {label_of(event, language)}"
    if not detection:
        yield "  nothing above the threshold"


def csv_rows(file: str, detection: Detection) -> Iterator[tuple[object, ...]]:
    """A row per event, in the order of `CSV_COLUMNS`."""
    for event in detection:
        yield file, event.onset_s, event.offset_s, event.index, event.label, event.label_zh, event.score


def audacity_rows(detection: Detection, language: LanguageChoice) -> Iterator[tuple[object, ...]]:
    """A row per event of a label track, without a header: onset, offset, label."""
    for event in detection:
        yield f"{event.onset_s:.6f}", f"{event.offset_s:.6f}", label_of(event, language)


def raven_rows(
    file: str, detection: Detection, language: LanguageChoice, *, first: int, begin_s: float, top_hz: float
) -> Iterator[tuple[object, ...]]:
    """A row per event, in the order of `RAVEN_COLUMNS`.

    Args:
        file: The sound.
        detection: Its events.
        language: Of the labels.
        first: Number of the first selection; they are counted through all files.
        begin_s: Length of all files before this one.
        top_hz: Highest frequency that the model hears, for selections have a height too.
    """
    for number, event in enumerate(detection, start=first):
        times = f"{begin_s + event.onset_s:.6f}", f"{begin_s + event.offset_s:.6f}"
        what = label_of(event, language), f"{event.score:.6f}"
        yield number, "Spectrogram 1", 1, *times, 0, top_hz, *what, file, f"{event.onset_s:.6f}"
