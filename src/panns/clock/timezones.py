"""Time zones given by a user."""

from __future__ import annotations

from datetime import tzinfo
from difflib import get_close_matches

from panns.clock.time_texts import parse_zone


def parse_timezone(text: str) -> tzinfo:
    """Time zone of a name of the IANA database (`Europe/Berlin`), of `UTC`, or of an offset such as `+02:00`.

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
                f"timezone={text!r}: this machine has no list of time zones; use an offset such as +02:00, "
                "or pip install tzdata"
            ) from None
        near = get_close_matches(text, known, n=1, cutoff=0.6)
        hint = f"did you mean {near[0]!r}? " if near else ""
        raise ValueError(
            f"timezone={text!r} is unknown; {hint}use a name such as 'Europe/Berlin', 'UTC', or an offset "
            "such as +02:00"
        ) from None
