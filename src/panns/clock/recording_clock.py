"""The clock of a recording: one start time from all that a recording states, and the clock time of any second."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo

from panns.clock.plausibility import implausible
from panns.clock.stated_time import StatedTime, TimeSource
from panns.clock.timezones import parse_timezone

# Recorders name a file before or after they write its header.
_TOLERANCE = timedelta(seconds=10)
_QUARTER_HOUR = timedelta(minutes=15)
_MAX_OFFSET = timedelta(hours=14)


@dataclass(frozen=True)
class Clock:
    """When a recording was made.

    Attributes:
        recorded_at: Start of the recording; None if it is unknown. Without a time zone if nothing states one: then it
            is the clock of the recorder.
        source: Source of the start; None if it is unknown.
        warnings: Missing, wrong and contradictory times.
        time_expansion: Seconds of sound per second of time.
    """

    recorded_at: datetime | None
    source: TimeSource | None = None
    warnings: tuple[str, ...] = ()
    time_expansion: float = 1.0

    @classmethod
    def of(
        cls,
        stated: Sequence[StatedTime],
        duration_s: float,
        *,
        timezone: str | tzinfo | None = None,
        now: datetime | None = None,
    ) -> Clock:
        """Find the start of a recording among the times that it states.

        The first of `stated` decides: of contradictory times it is used, and a time that agrees with it only adds its
        time zone. Dates of clocks that were never set, and dates in the future, are not used.

        Args:
            stated: What the recording states, most trusted first.
            duration_s: Duration of the recording, in seconds.
            timezone: Time zone of the result; times that state no zone are taken as times in it. None to keep the zones
                that are stated.
            now: The present, with a time zone; None for the clock of this machine.

        Raises:
            ValueError: The time zone is unknown.
        """
        zone = parse_timezone(timezone) if isinstance(timezone, str) else timezone
        warnings = []
        plausible = []
        for one in stated:
            reason = implausible(one, now or datetime.now(UTC))
            if reason is None:
                plausible.append(one)
            else:
                warnings.append(f"{one}, {reason}; it is not used")
        expansion = max((one.time_expansion for one in stated), default=1.0)
        if not plausible:
            missing = "neither its name nor its metadata say when it was recorded"
            warnings.append(f"clock times are unknown: {'no usable time is left' if stated else missing}")
            return cls(None, warnings=tuple(warnings), time_expansion=expansion)
        first, *others = plausible
        used = first
        for other in others:
            if not _agree(first, other, zone, timedelta(seconds=duration_s / expansion)):
                warnings.append(f"{first}, but {other}; {first.source.description} is used")
            elif other.has_true_zone and not _is_aware(used):
                used = other
        assert used.time is not None
        start = used.time
        if zone is not None:
            start, doubt = _in_zone(start, zone)
            warnings += doubt
        if any(one.leaves_out_quiet for one in stated):
            warnings.append(
                "the name ends in T, so a trigger recorded it and left out quiet parts; clock times after the first "
                "are too early unless you expand it with the AudioMoth configuration app"
            )
        if used.is_of_event:
            warnings.append(
                "the name states the onset of an event in a clip; clock times are too late by the sound before the "
                "event (--clip-margin, 0.5 s by default)"
            )
        return cls(start, used.source, tuple(warnings), expansion)

    def at(self, time_s: float) -> datetime | None:
        """Clock time of a second of the sound, such as the onset of an event; None if the clock is unknown."""
        if self.recorded_at is None:
            return None
        passed = timedelta(seconds=time_s / self.time_expansion)
        zone = self.recorded_at.tzinfo
        if zone is None:
            return self.recorded_at + passed
        # Python adds to a time in a zone as if it had no summer time.
        return (self.recorded_at.astimezone(UTC) + passed).astimezone(zone)


def _agree(first: StatedTime, other: StatedTime, zone: tzinfo | None, duration: timedelta) -> bool:
    """True if both times can be the start of one recording."""
    differences = [*_differences(first, other, zone)]
    if other.may_be_the_end:
        differences += [difference - duration for difference in differences]
    return any(abs(difference) <= _TOLERANCE for difference in differences)


def _differences(first: StatedTime, other: StatedTime, zone: tzinfo | None) -> Iterator[timedelta]:
    """Time from the first to the other, for each way to understand their zones."""
    a, b = first.time, other.time
    assert a is not None
    assert b is not None
    if _is_aware(first) == _is_aware(other):
        yield b - a
        if _is_aware(first) and not (first.has_true_zone and other.has_true_zone):
            yield from _whole_zone(b - a)
        return
    yield _wall(b) - _wall(a)
    naive, aware = (b, a) if a.tzinfo else (a, b)
    sign = 1 if aware is b else -1
    yield sign * (_wall(aware.astimezone(UTC)) - naive)
    if zone is not None:
        yield sign * (aware - naive.replace(tzinfo=zone))
    elif not aware.utcoffset():
        # The name is the local time of an unknown zone.
        yield from _whole_zone(sign * (_wall(aware) - naive))


def _whole_zone(difference: timedelta) -> Iterator[timedelta]:
    """Take the offset of a time zone from a difference, which leaves the seconds beyond quarters of an hour."""
    offset = round(difference / _QUARTER_HOUR) * _QUARTER_HOUR
    if abs(offset) <= _MAX_OFFSET:
        yield difference - offset


def _is_aware(one: StatedTime) -> bool:
    return one.time is not None and one.time.tzinfo is not None


def _wall(time: datetime) -> datetime:
    return time.replace(tzinfo=None)


def _in_zone(time: datetime, zone: tzinfo) -> tuple[datetime, list[str]]:
    """Return the time in a zone, and a message if the zone has it twice or not at all."""
    if time.tzinfo is not None:
        return time.astimezone(zone), []
    early, late = time.replace(tzinfo=zone), time.replace(tzinfo=zone, fold=1)
    # Through UTC, because the hour that is skipped in spring becomes the hour after it.
    start = early.astimezone(UTC).astimezone(zone)
    if early.utcoffset() == late.utcoffset():
        return start, []
    shown = time.isoformat(sep=" ")
    if _wall(start) != time:
        message = f"{zone} skips {shown}, when its clocks go forward, so the recorder kept its own; {start} is used"
    else:
        message = f"{zone} has {shown} twice, when its clocks go back; the first, {start}, is used"
    return start, [message]
