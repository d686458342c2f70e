"""Times that no recording was made at: clocks that were never set, and the future."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

from panns.clock.stated_time import StatedTime

# Where clocks begin when they lost their power: MP4, Unix, FAT, and the chips of many recorders.
_FIRST_DAYS = (date(1904, 1, 1), date(1970, 1, 1), date(1980, 1, 1), date(2000, 1, 1))
# A recorder whose clock was reset goes on recording, until its batteries are empty or somebody comes.
_LONGEST_DEPLOYMENT = timedelta(days=31)
# A clock without a zone may be 14 hours ahead of UTC.
_AHEAD = timedelta(days=1)
# Archives hold records and cylinders, and state when they were recorded; nothing they hold is older.
_FIRST_YEAR = 1860


def implausible(stated: StatedTime, now: datetime) -> str | None:
    """Reason why a stated time cannot be when a recording was made, as the end of a message; None if it can.

    Args:
        stated: The time.
        now: The present, with a time zone.
    """
    time = stated.time
    if stated.problem is not None:
        return stated.problem
    if time is None:
        return "which is not a date with a time of day"
    if time.year < _FIRST_YEAR:
        return "before sound was recorded"
    if (time if time.tzinfo else time.replace(tzinfo=UTC)) > now + _AHEAD:
        return "which is in the future"
    # Clocks begin in UTC: west of Greenwich, the local date is that of the day before.
    dates = time.date(), time.astimezone(UTC).date() if time.tzinfo else time.date()
    if any(first <= day < first + _LONGEST_DEPLOYMENT for first in _FIRST_DAYS for day in dates):
        return "as clocks do that were not set"
    return None
