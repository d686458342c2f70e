"""Whether two times that a recording states can be the start of one recording."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from panns.clock.agreement import can_agree
from panns.clock.stated_time import StatedTime, TimeSource

NAME, GUANO, CONTAINER = TimeSource.file_name, TimeSource.guano, TimeSource.creation_time
MINUTE = timedelta(minutes=1)


def agree(first, other, *, source=GUANO, recorder=None, duration=MINUTE):
    one, two = (StatedTime(kind, text, datetime.fromisoformat(text)) for kind, text in ((NAME, first), (source, other)))
    return can_agree(one, two, recorder, duration)


@pytest.mark.parametrize(("seconds", "expected"), [(-11, False), (-10, True), (0, True), (10, True), (11, False)])
def test_recorders_write_the_name_and_the_header_within_ten_seconds(seconds, expected):
    other = datetime(2024, 5, 1, 18, 30) + timedelta(seconds=seconds)
    assert agree("2024-05-01T18:30:00", other.isoformat()) is expected


def test_a_known_recorder_leaves_one_way_to_understand_a_name():
    assert agree("2024-05-01T22:15:00", "2024-05-01T16:30:00+00:00")  # of Kathmandu, or of any zone
    assert not agree("2024-05-01T22:15:00", "2024-05-01T16:30:00+00:00", recorder=ZoneInfo("Europe/Berlin"))
    assert agree("2024-05-01T22:15:00", "2024-05-01T16:30:00+00:00", recorder=ZoneInfo("Asia/Kathmandu"))
    assert agree("2024-05-01T18:30:00", "2024-05-01T12:30:00-04:00", recorder=ZoneInfo("Europe/Berlin"))


def test_no_zone_is_wider_than_fourteen_hours():
    assert agree("2024-05-01T14:00:00", "2024-05-01T00:00:00+00:00")
    assert not agree("2024-05-01T14:15:00", "2024-05-01T00:00:00+00:00")


def test_only_containers_may_state_the_end():
    start, end = "2024-05-01T18:30:00", "2024-05-01T18:40:00"
    assert agree(start, end, source=CONTAINER, duration=10 * MINUTE)
    assert not agree(start, end, source=CONTAINER, duration=5 * MINUTE)
    assert not agree(start, end, source=GUANO, duration=10 * MINUTE)


def test_the_zone_of_a_container_is_not_relied_on():
    assert agree("2024-05-01T18:30:00+02:00", "2024-05-01T18:30:00+00:00", source=CONTAINER)
    assert not agree("2024-05-01T18:30:00+02:00", "2024-05-01T18:30:00+00:00", source=GUANO)
