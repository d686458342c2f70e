"""Events as text, CSV rows, Audacity labels and Raven selections."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from panns.cli.options import LanguageChoice
from panns.cli.render.clock_cells import csv_cells, head_text, line_text, raven_cells

if TYPE_CHECKING:
    from panns.results import Detection, Event

CSV_COLUMNS = ("file", "onset_s", "offset_s", "index", "label", "label_zh", "score")
# Selection table of Raven Pro. Begin and end times count through all files of the table, one after another (as in the
# combined tables of BirdNET-Analyzer); the file offset is the begin time in the file of the row.
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
    """Label of an event in a language."""
    return event.label_zh if language == "zh" else event.label


def table_lines(file: str, detection: Detection, language: LanguageChoice) -> Iterator[str]:
    """Text: the file, then onset, offset, score and label of each event."""
    yield f"{file}  {detection.duration_s:.1f} s{head_text(detection)}"
    for event in detection:
        times = f"{line_text(detection, event.onset_s)}  {event.onset_s:8.2f} {event.offset_s:8.2f}"
        yield f"{times}  {event.score:.3f}  {label_of(event, language)}"
    if not detection:
        yield "  nothing above the threshold"


def csv_rows(file: str, detection: Detection) -> Iterator[tuple[object, ...]]:
    """One row per event, in the order of `CSV_COLUMNS`, then clock times if the detection has a clock."""
    for event in detection:
        times = csv_cells(detection, event.onset_s, event.offset_s)
        yield file, event.onset_s, event.offset_s, event.index, event.label, event.label_zh, event.score, *times


def audacity_rows(detection: Detection, language: LanguageChoice) -> Iterator[tuple[object, ...]]:
    """One row per event of an Audacity label track: onset, offset, label."""
    for event in detection:
        yield f"{event.onset_s:.6f}", f"{event.offset_s:.6f}", label_of(event, language)


def raven_rows(
    file: str, detection: Detection, language: LanguageChoice, *, first: int, begin_s: float, max_hz: float
) -> Iterator[tuple[object, ...]]:
    """One row per event, in the order of `RAVEN_COLUMNS`, then clock times if the detection has a clock.

    Args:
        file: Path of the sound.
        detection: Events in the sound.
        language: Language of the labels.
        first: Number of the first selection; numbers count through all files of the table.
        begin_s: Total duration of the files before this one, in seconds.
        max_hz: Highest frequency of the model's input, used as upper limit of every selection.
    """
    for number, event in enumerate(detection, start=first):
        times = f"{begin_s + event.onset_s:.6f}", f"{begin_s + event.offset_s:.6f}"
        label = label_of(event, language)
        score, offset = f"{event.score:.6f}", f"{event.onset_s:.6f}"
        clock = raven_cells(detection, event.onset_s, event.offset_s)
        yield number, "Spectrogram 1", 1, *times, 0, max_hz, label, score, file, offset, *clock
