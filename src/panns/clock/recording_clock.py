"""The clock of a recording: one start time from all that a recording states, and the clock time of any second."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo

from panns.clock.agreement import can_agree
from panns.clock.plausibility import implausible
from panns.clock.stated_time import StatedTime, TimeSource
from panns.clock.timezones import in_timezones, to_timezone


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
        recorder_timezone: str | tzinfo | None = None,
        timezone: str | tzinfo | None = None,
        now: datetime | None = None,
    ) -> Clock:
        """Find the start of a recording among the times that it states.

        The first of `stated` decides: of contradictory times it is used, and a time that agrees with it only adds its
        time zone. Dates of clocks that were never set, and dates in the future, are not used.

        Args:
            stated: What the recording states, most trusted first.
            duration_s: Duration of the recording, in seconds.
            recorder_timezone: Time zone of times that state none; None if it is unknown.
            timezone: Time zone of the result; None to keep that of the recorder, or the one that is stated.
            now: The present, with a time zone; None for the clock of this machine.

        Raises:
            ValueError: A time zone is unknown.
        """
        recorder = to_timezone(recorder_timezone, "recorder_timezone")
        shown = to_timezone(timezone, "timezone")
        expansion = max((one.time_expansion for one in stated), default=1.0)
        plausible, warnings = _split_plausible(stated, now or datetime.now(UTC))
        if not plausible:
            missing = "neither its name nor its metadata say when it was recorded"
            warnings.append(f"clock times are unknown: {'no usable time is left' if stated else missing}")
            return cls(None, warnings=tuple(warnings), time_expansion=expansion)
        used, contradictions = _decide(plausible, timedelta(seconds=duration_s / expansion), recorder)
        assert used.time is not None
        start, doubts = in_timezones(used.time, recorder, shown)
        warnings += [*contradictions, *doubts, *_limits_of(stated, used)]
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


def _split_plausible(stated: Sequence[StatedTime], now: datetime) -> tuple[list[StatedTime], list[str]]:
    """Times that can be true, and messages about the others."""
    plausible, warnings = [], []
    for one in stated:
        reason = implausible(one, now)
        if reason is None:
            plausible.append(one)
        else:
            warnings.append(f"{one}, {reason}; it is not used")
    return plausible, warnings


def _decide(
    plausible: Sequence[StatedTime], duration: timedelta, recorder: tzinfo | None
) -> tuple[StatedTime, list[str]]:
    """The time to use: the first, or an agreeing one that has a time zone; with messages about contradictions."""
    first, *others = plausible
    used, warnings = first, []
    for other in others:
        if not can_agree(first, other, recorder, duration):
            warnings.append(f"{first}, but {other}; {first.source.description} is used")
        elif other.has_true_zone and not used.is_aware:
            used = other
    return used, warnings


def _limits_of(stated: Sequence[StatedTime], used: StatedTime) -> Iterator[str]:
    """Messages about clock times that differ from the true ones by an unknown amount."""
    if any(one.leaves_out_quiet for one in stated):
        yield (
            "the name ends in T, so a trigger recorded it and left out quiet parts; clock times after the first "
            "are too early unless you expand it with the AudioMoth configuration app"
        )
    if used.is_of_event:
        yield (
            "the name states the onset of an event in a clip; clock times are too late by the sound before the "
            "event (--clip-margin, 0.5 s by default)"
        )
