"""Times in texts of metadata: ISO 8601 with the separators that recorders use, and the comment of AudioMoth."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone, tzinfo

_ZONE = r"(?P<zone>Z|UTC|GMT|[+-]\d{2}:?\d{2}|[+-]\d{2})?"
_TIME = re.compile(
    r"(?P<year>\d{4})[-:/._ ](?P<month>\d{1,2})[-:/._ ](?P<day>\d{1,2})"
    r"[Tt ,_-]\s?"
    r"(?P<hour>\d{1,2})[:._ -](?P<minute>\d{2})[:._ -](?P<second>\d{2})(?P<fraction>[.,]\d+)?"
    rf"\s?{_ZONE}",
    re.ASCII,
)
_AUDIOMOTH = re.compile(
    r"Recorded at (?P<hour>\d\d):(?P<minute>\d\d):(?P<second>\d\d)(?P<fraction>\.\d+)? "
    r"(?P<day>\d\d)/(?P<month>\d\d)/(?P<year>\d{4})"
    r"(?: \(UTC(?:(?P<sign>[+-])(?P<zone_hours>\d{1,2})(?::(?P<zone_minutes>\d\d))?)?\))?",
    re.ASCII,
)
# The widest offsets from UTC in use are -12:00 and +14:00.
_MAX_OFFSET = timedelta(hours=14)


def parse_time(text: str) -> datetime | None:
    """Parse a date with a time of day, with a time zone if the text has one; None for anything else.

    Examples:
        >>> parse_time("2024-05-01T18:30:00.250+02:00").isoformat()
        '2024-05-01T18:30:00.250000+02:00'
        >>> parse_time("2024:05:01 18-30-00").isoformat()
        '2024-05-01T18:30:00'
        >>> parse_time("2024-05-01"), parse_time("0000-00-00 00:00:00")
        (None, None)
    """
    match = _TIME.fullmatch(text.strip())
    return None if match is None else time_of(match)


def parse_audiomoth_comment(text: str) -> datetime | None:
    """Parse the time in the comment that AudioMoth writes into its files.

    Examples:
        >>> parse_audiomoth_comment("Recorded at 18:30:00 01/05/2024 (UTC+2) by AudioMoth 24F3").isoformat()
        '2024-05-01T18:30:00+02:00'
    """
    match = _AUDIOMOTH.search(text)
    if match is None:
        return None
    # The first firmwares counted in UTC, and did not say so.
    zone: tzinfo | None = UTC
    if match["sign"]:
        zone = offset_from_utc(match["sign"], int(match["zone_hours"]), int(match["zone_minutes"] or 0))
    return None if zone is None else time_of(match, zone)


def time_of(match: re.Match[str], zone: tzinfo | None = None) -> datetime | None:
    """Make a time of the groups `year` to `second`, `fraction` and `zone`; None if the calendar does not have it."""
    groups = match.groupdict()
    if zone is None and groups.get("zone"):
        zone = parse_zone(groups["zone"])
        if zone is None:
            return None
    digits = re.sub(r"\D", "", groups.get("fraction") or "")
    year, month, day, hour, minute, second = (
        int(groups[name]) for name in ("year", "month", "day", "hour", "minute", "second")
    )
    try:
        return datetime(year, month, day, hour, minute, second, int(f"{digits:0<6}"[:6]), tzinfo=zone)
    except ValueError:
        return None


def parse_zone(text: str) -> tzinfo | None:
    """Parse `Z`, `UTC`, `GMT` or an offset such as `+02:00`, `-0330` or `+2`; None for anything else.

    Examples:
        >>> str(parse_zone("-0330")), str(parse_zone("Z")), parse_zone("+25:00")
        ('UTC-03:30', 'UTC', None)
    """
    if text in {"Z", "UTC", "GMT"}:
        return UTC
    match = re.fullmatch(r"(?:UTC|GMT)?([+-])(\d{1,2}):?(\d{2})?", text, re.ASCII)
    return None if match is None else offset_from_utc(match[1], int(match[2]), int(match[3] or 0))


def offset_from_utc(sign: str, hours: int, minutes: int) -> tzinfo | None:
    """Time zone of a fixed offset from UTC; None for offsets that no place has."""
    offset = timedelta(hours=hours, minutes=minutes)
    if offset > _MAX_OFFSET or minutes % 15:
        return None
    return timezone(-offset if sign == "-" else offset) if offset else UTC
