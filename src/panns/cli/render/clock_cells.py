"""Clock times as cells of tables and as text; empty for results without a clock."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime

    from panns.results import SoundResult

CSV_CLOCK_COLUMNS = ("onset_at", "offset_at")
# Measurements of Raven Pro, in its formats; Raven has no time zones.
RAVEN_CLOCK_COLUMNS = ("Begin Date", "Begin Clock Time", "End Clock Time")
# Width of `2024-05-01 18:30:00.00`.
_WIDTH = 22


def head_text(result: SoundResult) -> str:
    """Text about the start of the recording, for the line with the file."""
    if result.clock is None:
        return ""
    start = result.clock.recorded_at
    return "  recorded at an unknown time" if start is None else f"  recorded at {start.isoformat(' ', 'seconds')}"


def line_text(result: SoundResult, time_s: float) -> str:
    """Clock time to begin a line with, two spaces included."""
    if result.clock is None:
        return ""
    time = result.clock.at(time_s)
    return f"  {_date_and_time(time):{_WIDTH}}" if time else f"  {'?':{_WIDTH}}"


def csv_cells(result: SoundResult, onset_s: float, offset_s: float) -> tuple[str, ...]:
    """Cells of `CSV_CLOCK_COLUMNS`: ISO 8601."""
    if result.clock is None:
        return ()
    times = result.clock.at(onset_s), result.clock.at(offset_s)
    return tuple(time.isoformat(timespec="milliseconds") if time else "" for time in times)


def raven_cells(result: SoundResult, onset_s: float, offset_s: float) -> tuple[str, ...]:
    """Cells of `RAVEN_CLOCK_COLUMNS`."""
    if result.clock is None:
        return ()
    onset, offset = result.clock.at(onset_s), result.clock.at(offset_s)
    if onset is None or offset is None:
        return "", "", ""
    return f"{onset:%Y/%m/%d}", *(time.time().isoformat("milliseconds") for time in (onset, offset))


def _date_and_time(time: datetime) -> str:
    return time.replace(tzinfo=None).isoformat(" ", "milliseconds")[:_WIDTH]
