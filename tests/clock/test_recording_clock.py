"""The start of a recording from all that it states, and the clock times that follow."""

import re
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from panns.clock import Clock, StatedTime
from panns.clock.stated_time import TimeSource

NOW = datetime(2026, 6, 1, tzinfo=UTC)


def clock(*stated, duration_s=60.0, recorder=None, timezone=None, **more):
    times = [StatedTime(source, text, datetime.fromisoformat(text), **more) for source, text in stated]
    return Clock.of(times, duration_s, recorder_timezone=recorder, timezone=timezone, now=NOW)


def test_one_time_is_used_as_it_is():
    one = clock((TimeSource.file_name, "2024-05-01T18:30:00"))
    assert (one.recorded_at, one.source, one.warnings) == (datetime(2024, 5, 1, 18, 30), TimeSource.file_name, ())
    assert one.at(12.25) == datetime(2024, 5, 1, 18, 30, 12, 250_000)


def test_midnight():
    assert clock((TimeSource.file_name, "2024-02-28T23:59:30")).at(60) == datetime(2024, 2, 29, 0, 0, 30)


@pytest.mark.parametrize(
    ("name", "header", "recorder"),
    [
        ("2024-05-01T18:30:00", "2024-05-01T18:30:02+02:00", None),  # the same clock
        ("2024-05-01T16:30:00", "2024-05-01T18:30:02+02:00", None),  # a name in UTC
        ("2024-05-01T18:30:00", "2024-05-01T16:30:02+00:00", None),  # a header in UTC
        ("2024-05-01T22:15:00", "2024-05-01T16:30:02+00:00", None),  # of Kathmandu
        ("2024-05-01T18:30:00", "2024-05-01T16:30:02+00:00", "Europe/Berlin"),
        ("2024-05-01T16:30:00", "2024-05-01T16:30:02+00:00", "Europe/Berlin"),  # a recorder set to UTC
    ],
)
def test_a_header_that_agrees_adds_its_zone(name, header, recorder):
    one = clock((TimeSource.file_name, name), (TimeSource.guano, header), recorder=recorder)
    assert one.warnings == ()
    assert one.source == TimeSource.guano
    assert one.recorded_at == datetime.fromisoformat(header)


@pytest.mark.parametrize(
    ("name", "header", "recorder"),
    [
        ("2024-05-01T18:30:00", "2024-05-02T18:30:00+02:00", None),
        ("2024-05-01T18:30:00", "2024-05-01T18:35:00+02:00", None),
        ("2024-05-01T18:30:00", "2024-05-01T17:30:00+02:00", None),
        ("2024-05-01T18:30:00", "2024-05-01T16:33:00+00:00", None),
        ("2024-05-01T18:30:00", "2024-05-01T17:30:00+00:00", "Europe/Berlin"),
        ("2024-05-01T18:30:00", "2024-05-01T17:30:00", None),  # two clocks without a zone
        ("2024-05-01T18:30:00+02:00", "2024-05-01T18:30:00+01:00", None),
    ],
)
def test_of_contradictory_times_the_first_is_used(name, header, recorder):
    one = clock((TimeSource.file_name, name), (TimeSource.audiomoth, header), recorder=recorder)
    (warning,) = one.warnings
    assert "the file name says 2024-05-01 18:30:00" in warning
    assert f"the AudioMoth comment says {header.replace('T', ' ')}" in warning
    assert "the file name is used" in warning
    assert one.source == TimeSource.file_name
    assert one.recorded_at.replace(tzinfo=None) == datetime.fromisoformat(name).replace(tzinfo=None)


def test_a_container_may_state_the_end_or_local_time_as_utc():
    name = (TimeSource.file_name, "2024-05-01T18:30:00")
    for stated in ("2024-05-01T18:31:00+00:00", "2024-05-01T16:31:01+00:00", "2024-05-01T18:30:00+00:00"):
        one = clock(name, (TimeSource.creation_time, stated), duration_s=60.0)
        assert (one.warnings, one.recorded_at) == ((), datetime(2024, 5, 1, 18, 30))  # and adds no zone
    assert len(clock(name, (TimeSource.creation_time, "2024-05-01T16:33:00+00:00"), duration_s=60.0).warnings) == 1


@pytest.mark.parametrize(
    ("text", "keyword"),
    [
        ("1970-01-01T00:00:12+00:00", "not set"),
        ("2000-01-01T03:00:00", "not set"),
        ("2000-01-20T03:00:00", "not set"),
        ("1980-01-01T00:00:00", "not set"),
        ("1904-01-01T00:00:10", "not set"),
        ("0001-01-01T00:00:00+14:00", "before"),
        ("9999-12-31T23:59:59-14:00", "future"),
        ("2026-06-03T00:00:00", "future"),
        ("2036-01-01T00:00:00+02:00", "future"),
    ],
)
def test_clocks_that_were_not_set_are_not_used(text, keyword):
    alone = clock((TimeSource.file_name, text))
    assert alone.recorded_at is None
    assert alone.source is None
    assert alone.at(1.0) is None
    first, second = alone.warnings
    assert text.replace("T", " ") in first
    assert keyword in first
    assert "unknown" in second
    beside = clock((TimeSource.file_name, text), (TimeSource.bext, "2024-05-01T18:30:00"))
    assert (beside.recorded_at, beside.source) == (datetime(2024, 5, 1, 18, 30), TimeSource.bext)
    assert len(beside.warnings) == 1


def test_a_clock_ahead_of_utc_is_not_the_future():
    assert clock((TimeSource.file_name, "2026-06-01T13:59:00")).warnings == ()


def test_a_text_that_is_no_date():
    one = Clock.of([StatedTime(TimeSource.bext, "2024-13-01 00:00:00", None)], 60.0, now=NOW)
    assert one.recorded_at is None
    assert "2024-13-01 00:00:00" in one.warnings[0]


def test_no_time_at_all():
    one = Clock.of([], 60.0, now=NOW)
    assert one.recorded_at is None
    assert "unknown" in one.warnings[0]


def test_the_timezone_of_the_recorder_is_added_to_times_without_one():
    naive, aware = (TimeSource.file_name, "2024-05-01T18:30:00"), (TimeSource.guano, "2024-05-01T18:30:00+03:00")
    assert clock(naive, recorder="Europe/Berlin").recorded_at.isoformat() == "2024-05-01T18:30:00+02:00"
    assert clock(aware, recorder="Europe/Berlin").recorded_at.isoformat() == "2024-05-01T18:30:00+03:00"
    one = clock(naive, recorder="+09:00", timezone=ZoneInfo("Europe/Berlin"))
    assert (one.recorded_at.isoformat(), one.warnings) == ("2024-05-01T11:30:00+02:00", ())


def test_the_timezone_shows_times_and_reads_none():
    one = clock((TimeSource.guano, "2024-05-01T18:30:00+02:00"), timezone="UTC")
    assert (one.recorded_at.isoformat(), one.warnings) == ("2024-05-01T16:30:00+00:00", ())
    one = clock((TimeSource.file_name, "2024-05-01T18:30:00"), timezone="Europe/Berlin")
    assert one.recorded_at.isoformat() == "2024-05-01T18:30:00"
    (warning,) = one.warnings
    assert "states no time zone" in warning
    assert "Europe/Berlin" in warning
    assert "--recorder-timezone" in warning


@pytest.mark.parametrize("parameter", ["recorder", "timezone"])
def test_unknown_timezones(parameter):
    full = {"recorder": "recorder_timezone"}.get(parameter, parameter)
    for text in ("", "../etc/passwd", "/etc/localtime", "+99", "Europe/Berlinn"):
        with pytest.raises(ValueError, match=f"^{full}={re.escape(repr(text))} is unknown"):
            clock((TimeSource.file_name, "2024-05-01T18:30:00"), **{parameter: text})


def test_summer_time_begins_within_a_recording():
    one = clock((TimeSource.file_name, "2024-03-31T01:59:00"), recorder="Europe/Berlin")
    assert one.at(0).isoformat() == "2024-03-31T01:59:00+01:00"
    assert one.at(120).isoformat() == "2024-03-31T03:01:00+02:00"
    assert one.at(120).astimezone(UTC) - one.at(0).astimezone(UTC) == timedelta(seconds=120)


def test_summer_time_ends_within_a_recording():
    one = clock((TimeSource.file_name, "2024-10-27T01:59:00"), recorder="Europe/Berlin")
    times = [one.at(seconds).isoformat() for seconds in (120, 3720)]
    assert times == ["2024-10-27T02:01:00+02:00", "2024-10-27T02:01:00+01:00"]


def test_a_time_that_the_zone_skips():
    one = clock((TimeSource.file_name, "2024-03-31T02:30:00"), recorder="Europe/Berlin")
    assert one.recorded_at.isoformat() == "2024-03-31T03:30:00+02:00"
    (warning,) = one.warnings
    assert "skips 2024-03-31 02:30:00" in warning


def test_a_time_that_the_zone_has_twice():
    one = clock((TimeSource.file_name, "2024-10-27T02:30:00"), recorder="Europe/Berlin")
    assert one.recorded_at.isoformat() == "2024-10-27T02:30:00+02:00"
    (warning,) = one.warnings
    assert "twice" in warning


def test_time_expansion():
    one = clock((TimeSource.guano, "2024-05-01T18:30:00"), time_expansion=10.0)
    assert one.at(12.0) == datetime(2024, 5, 1, 18, 30, 1, 200_000)


def test_triggered_recordings_are_told():
    (warning,) = clock((TimeSource.file_name, "2024-05-01T18:30:00"), leaves_out_quiet=True).warnings
    assert "left out quiet parts" in warning
