"""A time that a recording states, in messages and as a source of time zones."""

from datetime import UTC, datetime

import pytest

from panns.clock.stated_time import StatedTime, TimeSource

TIME = datetime(2024, 5, 1, 18, 30, tzinfo=UTC)


def test_the_time_in_a_message():
    assert str(StatedTime(TimeSource.bext, "as written", TIME)) == (
        "the Broadcast WAV origination says 2024-05-01 18:30:00+00:00"
    )


def test_a_text_without_a_time_is_one_short_line():
    text = "recorded\nat\t" + "9" * 100
    assert str(StatedTime(TimeSource.guano, text, None)) == f"GUANO says recorded at {'9' * 48}"


def test_every_source_has_a_name_in_messages():
    assert len({source.description for source in TimeSource}) == len(TimeSource)


@pytest.mark.parametrize(
    ("source", "time", "expected"),
    [
        (TimeSource.guano, TIME, (True, True, False)),
        (TimeSource.guano, TIME.replace(tzinfo=None), (False, False, False)),
        (TimeSource.guano, None, (False, False, False)),
        (TimeSource.creation_time, TIME, (True, False, True)),  # cameras write local time as UTC, and the end
    ],
)
def test_what_a_source_can_be_trusted_for(source, time, expected):
    one = StatedTime(source, "", time)
    assert (one.is_aware, one.has_true_zone, one.may_be_the_end) == expected
