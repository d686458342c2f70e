"""Times in file names of recorders, cameras and phones.

Understood are names with the date and the time of day to the second, with a year of four digits, whatever stands before
and after: `20240501_183000.WAV` (AudioMoth), `SITE_20240501_183000.wav` (Song Meter), `20240501T183000+0200_x.flac`
(Frontier Labs), `2024-05-01 18-30-00.mkv`. Also three that need a rule of their own: seconds in hexadecimal and daily
folders of AudioMoth, and the years of two digits of SoundTrap. Other years of two digits could be days.

A number after the time can be that of a part, which begins later than the recording; then no time follows. Clips of
`panns detect --clips` end in the onset of their event, which is added.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

from panns.clock.stated_time import StatedTime, TimeSource
from panns.clock.time_texts import time_of

_DATE = r"(?P<year>(?:19|20)\d{2})(?P<d>[-_.:]?)(?P<month>\d{2})(?P=d)(?P<day>\d{2})"
_TIME = r"(?P<hour>\d{2})(?P<t>[-_.:h]?)(?P<minute>\d{2})(?:(?P=t)|m)(?P<second>\d{2})s?"
# A number after the seconds is a fraction after a point (PAMGuard), and milliseconds without one (phones).
_FRACTION = r"(?P<fraction>\.\d{1,6}(?=Z|[+-]\d{4}|$)|\d{3}(?!\d))?"
_ZONE = r"(?:[-_ ]?(?P<zone>Z(?![A-Za-z])|UTC(?![A-Za-z])|[+-](?!00:?[134])\d{2}:?(?:00|15|30|45)(?!\d)))?"
_NAME = re.compile(
    rf"(?<!\d){_DATE}(?:[Tt_ $.-]{{0,3}}| at ){_TIME}(?!\d{{1,2}}(?!\d)){_FRACTION}(?!\d){_ZONE}", re.ASCII
)
# Numbers after the time that are not those of a part: the end, coordinates (Frontier Labs), the number of a copy.
_NO_PART = re.compile(
    r"(?<!\d)(?:19|20)\d{2}[-_.:]?\d{2}[-_.:]?\d{2}[Tt_ $.-]{0,3}\d{2}[-_.:h]?\d{2}[-_.:m]?\d{2}(?:\.\d{1,6})?(?!\d)"
    r"(?:Z|[+-]\d{2}:?\d{2}(?!\d))?|[+-]\d{1,2}\.\d+[+-]\d{1,3}\.\d+|\(\d{1,3}\)",
    re.ASCII,
)
_PART = re.compile(
    r"(?<![A-Za-z0-9])(?:part|pt|chunk|seg|segment|clip|cut|split)?\d+(?:ms|min|[smh])?(?![A-Za-z0-9])", re.ASCII | re.I
)
# As `panns detect --clips` writes it: class, name of the recording, a digest where two have that name, onset.
_CLIP = re.compile(r"(?P<recording>.+?)(?:~[0-9a-f]{6})?_(?P<onset_s>\d{5,7}\.\d{3})", re.ASCII)
# PAMGuard writes milliseconds.
_PAMGUARD = re.compile(r"PAM_\d{8}_\d{6}_\d{3}", re.ASCII)
_HEXADECIMAL = re.compile(r"[0-9A-F]{8}", re.ASCII)
# AudioMoth was first sold in 2017, and its clock ends in 2038.
_FIRST_HEXADECIMAL, _LAST_HEXADECIMAL = 0x58684680, 0x7FFFFFFF
_SOUNDTRAP = re.compile(
    r"\d{3,}\.(?P<year>\d\d)(?P<month>\d\d)(?P<day>\d\d)(?P<hour>\d\d)(?P<minute>\d\d)(?P<second>\d\d)(?:\.[a-z]\w*)*",
    re.ASCII,
)
_IN_DAILY_FOLDER = re.compile(
    r"(?:.*/)?(?P<year>20\d\d)(?P<month>\d\d)(?P<day>\d\d)/(?P<hour>\d\d)(?P<minute>\d\d)(?P<second>\d\d)T?", re.ASCII
)
_OF_A_PART = "with a number after the time, so it may be a part that begins later than the recording"
_BY_A_TRIGGER = re.compile(r"(?:\d{8}_)?\d{6}T", re.ASCII)


def time_in_name(path: str) -> StatedTime | None:
    """Find the time in the name of a file; None if the name has none.

    Examples:
        >>> time_in_name("deployment/SITE_20240501_183000.wav").time.isoformat()
        '2024-05-01T18:30:00'
        >>> time_in_name("5CC8A2D0.WAV").time.isoformat()
        '2019-04-30T19:32:32+00:00'
        >>> time_in_name("dog_20240501.wav")
    """
    path = path.replace("\\", "/")
    name = path.rpartition("/")[2]
    stem, _, suffix = name.rpartition(".") if "." in name else (name, "", "")
    is_wav = suffix.lower() in {"wav", "flac"}
    clip = _CLIP.fullmatch(stem) if suffix == "wav" else None
    written = _written_out(stem if clip is None else clip["recording"])
    if written is not None:
        time, has_part = written
        if has_part:
            return StatedTime(TimeSource.file_name, name, None, problem=_OF_A_PART)
        if clip is not None:
            onset = timedelta(seconds=float(clip["onset_s"]))
            return StatedTime(TimeSource.file_name, name, time + onset, is_of_event=True)
        is_triggered = is_wav and _BY_A_TRIGGER.fullmatch(stem) is not None
        return StatedTime(TimeSource.file_name, name, time, leaves_out_quiet=is_triggered)
    if not is_wav:
        return None
    short = _hexadecimal(stem) or _soundtrap(stem) or _in_daily_folder(path.rpartition(".")[0])
    if short is None:
        return None
    is_triggered = _BY_A_TRIGGER.fullmatch(stem) is not None
    return StatedTime(TimeSource.file_name, name, short, leaves_out_quiet=is_triggered)


def _written_out(stem: str) -> tuple[datetime, bool] | None:
    """The time in a name, and whether the number of a part follows it."""
    for match in _NAME.finditer(stem):
        # Pixel phones are alone in naming their files by UTC.
        time = time_of(match, UTC if stem.startswith("PXL_") else None)
        if time is not None:
            rest = _NO_PART.sub(" ", stem[match.end() :])
            return time, _PART.search(rest) is not None and not _PAMGUARD.fullmatch(stem)
    return None


def _hexadecimal(stem: str) -> datetime | None:
    if not _HEXADECIMAL.fullmatch(stem) or not _FIRST_HEXADECIMAL <= int(stem, 16) <= _LAST_HEXADECIMAL:
        return None
    return datetime.fromtimestamp(int(stem, 16), UTC)


def _soundtrap(stem: str) -> datetime | None:
    match = _SOUNDTRAP.fullmatch(stem)
    time = None if match is None else time_of(match)
    return None if time is None else time.replace(year=2000 + time.year)


def _in_daily_folder(path: str) -> datetime | None:
    match = _IN_DAILY_FOLDER.fullmatch(path)
    return None if match is None else time_of(match)
