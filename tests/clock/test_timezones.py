"""Time zones by name, and times read and shown in them."""

import zoneinfo
from datetime import UTC, datetime, timedelta, timezone

import pytest

from panns.clock.timezones import in_timezones, parse_timezone, to_timezone

BERLIN = zoneinfo.ZoneInfo("Europe/Berlin")
NOON = datetime(2024, 5, 1, 12)


@pytest.mark.parametrize(
    ("text", "offset"),
    [
        ("UTC", 0),
        ("Z", 0),
        (" +02:00 ", 2),
        ("UTC+2", 2),
        ("-0330", -3.5),
        ("Europe/Berlin", 2),
        ("Asia/Kathmandu", 5.75),
    ],
)
def test_names_and_offsets(text, offset):
    assert NOON.replace(tzinfo=parse_timezone(text)).utcoffset() == timedelta(hours=offset)


def test_an_unknown_name_gives_the_nearest_one_and_the_parameter():
    with pytest.raises(ValueError, match=r"^recorder_timezone='Europe/Brlin' is unknown; did you mean 'Europe/Berlin'"):
        to_timezone("Europe/Brlin", "recorder_timezone")
    assert to_timezone(None, "timezone") is None
    assert to_timezone(BERLIN, "timezone") is BERLIN


def test_without_a_list_of_zones_offsets_are_left(monkeypatch):
    def unknown(name):
        raise zoneinfo.ZoneInfoNotFoundError(name)

    monkeypatch.setattr(zoneinfo, "ZoneInfo", unknown)
    monkeypatch.setattr(zoneinfo, "available_timezones", set)
    with pytest.raises(ValueError, match=r"'Europe/Berlin'.*pip install tzdata"):
        parse_timezone("Europe/Berlin")
    assert parse_timezone("+02:00") == timezone(timedelta(hours=2))


@pytest.mark.parametrize(
    ("time", "recorder", "shown", "expected"),
    [
        (NOON, None, None, "2024-05-01T12:00:00"),
        (NOON, BERLIN, None, "2024-05-01T12:00:00+02:00"),
        (NOON, BERLIN, UTC, "2024-05-01T10:00:00+00:00"),
        (NOON.replace(tzinfo=UTC), BERLIN, None, "2024-05-01T12:00:00+00:00"),
        (NOON.replace(tzinfo=UTC), None, BERLIN, "2024-05-01T14:00:00+02:00"),
    ],
)
def test_times_are_read_in_one_zone_and_shown_in_another(time, recorder, shown, expected):
    assert in_timezones(time, recorder, shown) == (datetime.fromisoformat(expected), [])
    assert in_timezones(time, recorder, shown)[0].isoformat() == expected


def test_a_time_without_any_zone_cannot_be_shown_in_another():
    time, (doubt,) = in_timezones(NOON, None, BERLIN)
    assert time == NOON
    assert "not in Europe/Berlin" in doubt
