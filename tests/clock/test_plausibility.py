"""Times that no recording was made at."""

from datetime import UTC, datetime

import pytest

from panns.clock.plausibility import implausible
from panns.clock.stated_time import StatedTime, TimeSource

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)


def reason(time):
    return implausible(StatedTime(TimeSource.guano, time, datetime.fromisoformat(time)), NOW)


@pytest.mark.parametrize(
    "time",
    [
        "1860-01-01T00:00:00",
        "1999-12-31T23:59:59",
        "2000-02-01T00:00:00",  # 31 days after the clock began
        "2000-02-01T00:00:00+00:00",
        "2026-06-02T12:00:00",  # no zone: up to a day ahead
        "2026-06-02T02:00:00+14:00",
    ],
)
def test_possible_times(time):
    assert reason(time) is None


@pytest.mark.parametrize(
    ("time", "keyword"),
    [
        ("1859-12-31T23:59:59", "before sound"),
        ("0001-01-01T00:00:00+14:00", "before sound"),
        ("1904-01-01T00:00:00", "not set"),
        ("1970-01-31T23:59:59", "not set"),
        ("1980-01-01T08:00:00", "not set"),
        ("2000-01-31T23:59:59", "not set"),
        ("1969-12-31T19:00:05-05:00", "not set"),
        ("2000-02-01T01:00:00+02:00", "not set"),
        ("2026-06-02T12:00:01", "future"),
        ("9999-12-31T23:59:59-14:00", "future"),
    ],
)
def test_impossible_times(time, keyword):
    assert keyword in reason(time)


def test_a_problem_of_the_source_comes_first():
    time = datetime(1970, 1, 1)
    assert implausible(StatedTime(TimeSource.file_name, "x", time, problem="which is a part"), NOW) == "which is a part"


def test_a_text_that_is_not_a_time():
    assert "not a date" in implausible(StatedTime(TimeSource.date_tag, "2024", None), NOW)
