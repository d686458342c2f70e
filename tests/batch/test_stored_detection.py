"""A detection that was stored as JSON gives what the original one gives."""

import json
from datetime import datetime

import pytest

from panns.batch.stored_detection import stored_detection
from panns.clock import StatedTime, TimeSource
from panns.results import Detection, Event

EVENTS = (Event("Dog", "狗", 74, 0.1 + 0.2, 1.5, 0.9), Event("Siren", "警笛", 396, 2.0, 3601.25, 1 / 3))
STATED = StatedTime(TimeSource.guano, "", datetime.fromisoformat("2024-10-27T02:30:00+02:00"))


def stored(detection):
    return stored_detection(json.loads(json.dumps(detection.to_dict())))


def test_events_are_equal_to_the_last_bit():
    detection = Detection("a.wav", 3602.0, "stream", EVENTS)
    assert stored(detection) == detection
    assert stored(detection).clock is None


@pytest.mark.parametrize("timezone", [None, "Europe/Berlin"])
def test_clock_times_are_those_of_the_zone_of_each_event(timezone):
    detection = Detection("a.wav", 3602.0, "stream", EVENTS, stated_times=(STATED,)).with_clock(timezone)
    clock = stored(detection).clock
    assert clock.recorded_at.isoformat() == detection.clock.recorded_at.isoformat() == "2024-10-27T02:30:00+02:00"
    assert clock.source == TimeSource.guano
    last = EVENTS[1].offset_s
    assert clock.at(last).isoformat() == detection.clock.at(last).isoformat()
    assert clock.at(last).isoformat()[11:16] == ("03:30" if timezone is None else "02:30")


def test_an_unknown_clock_stays_unknown():
    clock = stored(Detection("a.wav", 3602.0, "stream", EVENTS).with_clock()).clock
    assert (clock.recorded_at, clock.source, clock.at(EVENTS[0].onset_s)) == (None, None, None)
