"""Agreement of two times that a recording states: with tolerance, and for each way to understand their time zones."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, tzinfo

from panns.clock.stated_time import StatedTime

# Recorders name a file before or after they write its header.
_TOLERANCE = timedelta(seconds=10)
_QUARTER_HOUR = timedelta(minutes=15)
_MAX_OFFSET = timedelta(hours=14)


def can_agree(first: StatedTime, other: StatedTime, recorder: tzinfo | None, duration: timedelta) -> bool:
    """True if both times can be the start of one recording.

    Args:
        first: A time.
        other: Another one, which may be the end of the recording if its source states ends.
        recorder: Time zone of times that state none; None if it is unknown.
        duration: Duration of the recording.
    """
    differences = [*_differences(first, other, recorder)]
    if other.may_be_the_end:
        differences += [difference - duration for difference in differences]
    return any(abs(difference) <= _TOLERANCE for difference in differences)


def _differences(first: StatedTime, other: StatedTime, recorder: tzinfo | None) -> Iterator[timedelta]:
    """Time from the first to the other, for each way to understand their zones."""
    a, b = first.time, other.time
    assert a is not None
    assert b is not None
    if first.is_aware == other.is_aware:
        yield b - a
        if first.is_aware and not (first.has_true_zone and other.has_true_zone):
            yield from _without_zone(b - a)
        return
    yield _wall(b) - _wall(a)
    naive, aware = (b, a) if a.tzinfo else (a, b)
    sign = 1 if aware is b else -1
    yield sign * (_wall(aware.astimezone(UTC)) - naive)
    if recorder is not None:
        yield sign * (aware - naive.replace(tzinfo=recorder))
    elif not aware.utcoffset():
        # The name is the local time of an unknown zone.
        yield from _without_zone(sign * (_wall(aware) - naive))


def _without_zone(difference: timedelta) -> Iterator[timedelta]:
    """Take the offset of a time zone from a difference, which leaves the seconds beyond quarters of an hour."""
    offset = round(difference / _QUARTER_HOUR) * _QUARTER_HOUR
    if abs(offset) <= _MAX_OFFSET:
        yield difference - offset


def _wall(time: datetime) -> datetime:
    return time.replace(tzinfo=None)
