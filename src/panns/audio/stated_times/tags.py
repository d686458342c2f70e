"""Times in the tags that the decoders report: comments, dates, and creation times of containers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from panns.clock.stated_time import StatedTime, TimeSource
from panns.clock.time_texts import parse_audiomoth_comment, parse_time

# Longer comments are not those of a recorder.
_MAX_CHARACTERS = 2000
# Zero, as muxers leave it in MP4 files.
_UNSET = ("1904-01-01T00:00:00", "1970-01-01T00:00:00")


def read_tags(tags: Mapping[str, str]) -> Iterator[StatedTime]:
    """Times in tags.

    A date without a time of day, as music has, states nothing. Some tags are years or free texts.

    Args:
        tags: Texts by the names of FFmpeg, in any case.
    """
    texts = {name.lower(): text[:_MAX_CHARACTERS].strip("\0 \r\n") for name, text in tags.items()}
    comment = texts.get("comment", "")
    if (time := parse_audiomoth_comment(comment)) is not None:
        yield StatedTime(TimeSource.audiomoth, time.isoformat(sep=" "), time)
    for name, source in _SOURCES.items():
        text = texts.get(name, "")
        time = parse_time(text)
        if time is not None and not text.startswith(_UNSET):
            yield StatedTime(source, text, time)


_SOURCES = {
    "com.apple.quicktime.creationdate": TimeSource.quicktime,
    "recordingstart": TimeSource.date_tag,  # Frontier Labs
    "date": TimeSource.date_tag,
    "creation_time": TimeSource.creation_time,
}
