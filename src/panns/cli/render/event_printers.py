"""Printers of events, one for each output format of `panns detect`: to stdout, or into a file."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from enum import StrEnum
from typing import TYPE_CHECKING

from panns.cli.options import LanguageChoice
from panns.cli.render.clock_cells import CSV_CLOCK_COLUMNS, RAVEN_CLOCK_COLUMNS
from panns.cli.render.event_formats import CSV_COLUMNS, RAVEN_COLUMNS, audacity_rows, csv_rows, raven_rows, table_lines
from panns.cli.render.review_formats import ReviewFormat, review_format, to_annotated_sound
from panns.cli.terminal.output import print_json, print_line, print_text
from panns.system.safe_text import csv_text, tsv_text

if TYPE_CHECKING:
    from panns.batch import FileResult
    from panns.results import Detection


class EventFormat(StrEnum):
    """Output formats of events."""

    table = "table"
    json = "json"
    csv = "csv"
    audacity = "audacity"
    raven = "raven"
    kaleidoscope = "kaleidoscope"
    rttm = "rttm"
    label_studio = "label-studio"
    elan = "elan"

    @property
    def suffixes(self) -> tuple[str, ...]:
        """Suffixes of a file in this format; JSON lines stand for results without a format."""
        return _SUFFIXES.get(self, (".jsonl",))

    @property
    def has_clock_times(self) -> bool:
        """True if the format has a place for clock times."""
        return self in _WITH_CLOCK_TIMES


_SUFFIXES = {
    EventFormat.csv: (".csv",),
    EventFormat.audacity: (".txt",),
    EventFormat.raven: (".txt", ".tsv"),
    EventFormat.kaleidoscope: (".csv",),
    EventFormat.rttm: (".rttm",),
    EventFormat.label_studio: (".json",),
    EventFormat.elan: (".eaf",),
}
_WITH_CLOCK_TIMES = {
    EventFormat.table,
    EventFormat.json,
    EventFormat.csv,
    EventFormat.raven,
    EventFormat.kaleidoscope,
}

Write = Callable[[str], object]
"""Writes a part of a document."""


class EventPrinter:
    """Prints the events of one sound after the other."""

    def begin(self) -> None:
        """Print what stands before the first sound."""

    def add(self, one: FileResult[Detection]) -> None:
        """Print a sound; most formats have no place for one that failed."""
        if one.result is not None:
            self.add_detection(one.file, one.result)

    def add_detection(self, file: str, detection: Detection) -> None:
        """Print the events of a sound."""
        raise NotImplementedError

    def end(self) -> None:
        """Print what stands after the last sound."""


def event_printer(
    output_format: EventFormat,
    files: Sequence[str],
    language: LanguageChoice,
    *,
    has_clock: bool,
    max_hz: float,
    write: Write = print_text,
) -> EventPrinter:
    """Printer of a format.

    Args:
        output_format: The format.
        files: All sounds, in their order.
        language: Language of the labels.
        has_clock: True if the results have clock times.
        max_hz: Highest frequency of the model's input.
        write: Where the text of files goes; the table for people and JSON are always printed.
    """
    match output_format:
        case EventFormat.table:
            return _TablePrinter(language)
        case EventFormat.json:
            return _JsonPrinter()
        case EventFormat.csv:
            return _CsvPrinter(write, has_clock=has_clock)
        case EventFormat.audacity:
            return _AudacityPrinter(write, language)
        case EventFormat.raven:
            return _RavenPrinter(write, language, has_clock=has_clock, max_hz=max_hz)
        case _:
            return _DocumentPrinter(write, review_format(output_format, files, has_clock=has_clock), language)


class _TablePrinter(EventPrinter):
    def __init__(self, language: LanguageChoice) -> None:
        self._language = language

    def add_detection(self, file: str, detection: Detection) -> None:
        for line in table_lines(file, detection, self._language):
            print_line(line)


class _JsonPrinter(EventPrinter):
    def add(self, one: FileResult[Detection]) -> None:
        print_json(one.to_dict())


class _CsvPrinter(EventPrinter):
    def __init__(self, write: Write, *, has_clock: bool) -> None:
        self._write = write
        self._columns = CSV_COLUMNS + (CSV_CLOCK_COLUMNS if has_clock else ())

    def begin(self) -> None:
        self._write(csv_text([self._columns]))

    def add_detection(self, file: str, detection: Detection) -> None:
        self._write(csv_text(csv_rows(file, detection)))


class _AudacityPrinter(EventPrinter):
    def __init__(self, write: Write, language: LanguageChoice) -> None:
        self._write, self._language = write, language

    def add_detection(self, file: str, detection: Detection) -> None:  # noqa: ARG002 - a label track has one sound
        self._write(tsv_text(audacity_rows(detection, self._language)))


class _RavenPrinter(EventPrinter):
    """One selection table of all sounds, whose numbers and times count through them."""

    def __init__(self, write: Write, language: LanguageChoice, *, has_clock: bool, max_hz: float) -> None:
        self._write, self._language, self._max_hz = write, language, max_hz
        self._columns = RAVEN_COLUMNS + (RAVEN_CLOCK_COLUMNS if has_clock else ())
        self._n_events, self._duration_s = 0, 0.0

    def begin(self) -> None:
        self._write(tsv_text([self._columns]))

    def add_detection(self, file: str, detection: Detection) -> None:
        first, begin_s = self._n_events + 1, self._duration_s
        rows = raven_rows(file, detection, self._language, first=first, begin_s=begin_s, max_hz=self._max_hz)
        self._write(tsv_text(rows))
        self._n_events += len(detection)
        self._duration_s += detection.duration_s


class _DocumentPrinter(EventPrinter):
    """One document of all sounds, in a format of a reviewing program."""

    def __init__(self, write: Write, form: ReviewFormat, language: LanguageChoice) -> None:
        self._write, self._form, self._language, self._separator = write, form, language, ""

    def begin(self) -> None:
        self._write(self._form.head)

    def add_detection(self, file: str, detection: Detection) -> None:
        sound = to_annotated_sound(file, detection, self._language)
        self._write(self._separator + self._form.to_text(sound))
        self._separator = self._form.separator

    def end(self) -> None:
        self._write(self._form.end)
