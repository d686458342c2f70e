"""A time that a recording states about itself, in its name or its metadata."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class TimeSource(StrEnum):
    """Where a recording states a time, most trusted first.

    A name is what people correct when a clock was wrong, and what programs write that cut a recording; they leave the
    metadata as they were. Those of field recorders follow, then dates that editors and converters change.
    """

    file_name = "file_name"
    guano = "guano"
    wildlife_acoustics = "wildlife_acoustics"
    audiomoth = "audiomoth"
    quicktime = "quicktime"
    bext = "bext"
    date_tag = "date_tag"
    creation_time = "creation_time"

    @property
    def description(self) -> str:
        """Name in messages."""
        return _DESCRIPTIONS[self]


_DESCRIPTIONS = {
    TimeSource.file_name: "the file name",
    TimeSource.guano: "GUANO",
    TimeSource.wildlife_acoustics: "the Wildlife Acoustics metadata",
    TimeSource.audiomoth: "the AudioMoth comment",
    TimeSource.quicktime: "the QuickTime creation date",
    TimeSource.bext: "the Broadcast WAV origination",
    TimeSource.date_tag: "the date tag",
    TimeSource.creation_time: "the creation time of the container",
}


_LONGEST_TEXT = 60  # in messages


@dataclass(frozen=True)
class StatedTime:
    """A time stated by one source.

    Attributes:
        source: The source.
        text: The time as it is written there.
        time: The time, with a time zone if the source has one; None if the text is not a date with a time of day.
        time_expansion: Seconds of sound per second of time; 10 in recordings of bats that were slowed down.
        leaves_out_quiet: True for recordings of a trigger that leave out quiet parts without a trace.
        is_of_event: True for the onset of an event in the name of its clip, which begins earlier by an unknown margin.
        problem: Reason why no time follows, as the end of a message; None if one does, or the text is not a time.
    """

    source: TimeSource
    text: str
    time: datetime | None
    time_expansion: float = 1.0
    leaves_out_quiet: bool = False
    is_of_event: bool = False
    problem: str | None = None

    def __str__(self) -> str:
        shown = " ".join(self.text.split())[:_LONGEST_TEXT] if self.time is None else self.time.isoformat(" ")
        return f"{self.source.description} says {shown}"

    @property
    def may_be_the_end(self) -> bool:
        """True if some writers state the end of the recording here: the file was complete then."""
        return self.source == TimeSource.creation_time

    @property
    def is_aware(self) -> bool:
        """True if the time has a time zone."""
        return self.time is not None and self.time.tzinfo is not None

    @property
    def has_true_zone(self) -> bool:
        """True if the time has a zone that can be relied on. Many cameras write their local time as UTC."""
        return self.is_aware and self.source != TimeSource.creation_time
