"""Time zones given by a user, and times in them."""

from __future__ import annotations

from datetime import UTC, datetime, tzinfo
from difflib import get_close_matches

from panns.clock.time_texts import parse_zone


def to_timezone(given: str | tzinfo | None, parameter: str) -> tzinfo | None:
    """The time zone that a parameter gives by name or as it is; None for none.

    Raises:
        ValueError: This machine does not know such a time zone.
    """
    return parse_timezone(given, parameter) if isinstance(given, str) else given


def parse_timezone(text: str, parameter: str = "timezone") -> tzinfo:
    """Time zone of a name of the IANA database (`Europe/Berlin`), of `UTC`, or of an offset such as `+02:00`.

    Args:
        text: The name.
        parameter: Name of the parameter in messages.

    Raises:
        ValueError: This machine does not know such a time zone.

    Examples:
        >>> str(parse_timezone("UTC+2"))
        'UTC+02:00'
    """
    zone = parse_zone(text.strip())
    if zone is not None:
        return zone
    import zoneinfo

    try:
        return zoneinfo.ZoneInfo(text.strip())
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
        known = zoneinfo.available_timezones()
        if not known:
            raise ValueError(
                f"{parameter}={text!r}: this machine has no list of time zones; use an offset such as +02:00, "
                "or pip install tzdata"
            ) from None
        near = get_close_matches(text, known, n=1, cutoff=0.6)
        hint = f"did you mean {near[0]!r}? " if near else ""
        raise ValueError(
            f"{parameter}={text!r} is unknown; {hint}use a name such as 'Europe/Berlin', 'UTC', or an offset "
            "such as +02:00"
        ) from None


def in_timezones(time: datetime, recorder: tzinfo | None, shown: tzinfo | None) -> tuple[datetime, list[str]]:
    """A time as it is shown, with messages about doubts.

    Args:
        time: The time, with a time zone if it states one.
        recorder: Time zone of a time that states none; None if it is unknown.
        shown: Time zone of the result; None to keep that of the recorder, or the one that is stated.
    """
    doubts: list[str] = []
    if time.tzinfo is None and recorder is not None:
        time, doubts = _local_time(time, recorder)
    if shown is None:
        return time, doubts
    if time.tzinfo is None:
        message = (
            f"it states no time zone, so its clock times are those of the recorder and not in {shown}; give the time "
            "zone of the recorder as well (--recorder-timezone)"
        )
        return time, [message]
    return time.astimezone(shown), doubts


def _local_time(time: datetime, zone: tzinfo) -> tuple[datetime, list[str]]:
    """A time without a zone as one in a zone, and a message if the zone has it twice or not at all."""
    early, late = time.replace(tzinfo=zone), time.replace(tzinfo=zone, fold=1)
    # Through UTC, because the hour that is skipped in spring becomes the hour after it.
    start = early.astimezone(UTC).astimezone(zone)
    if early.utcoffset() == late.utcoffset():
        return start, []
    written = time.isoformat(sep=" ")
    if start.replace(tzinfo=None) != time:
        message = f"{zone} skips {written}, when its clocks go forward, so the recorder kept its own; {start} is used"
    else:
        message = f"{zone} has {written} twice, when its clocks go back; the first, {start}, is used"
    return start, [message]
