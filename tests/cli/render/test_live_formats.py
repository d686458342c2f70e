"""Live events as text and records."""

from datetime import UTC, datetime

import pytest

from panns.audio import InputDevice
from panns.cli.options import LanguageChoice
from panns.cli.render.live_formats import (
    Delays,
    begin_record,
    device_line,
    event_records,
    foot,
    head,
    stop_record,
    text_lines,
)
from panns.detection.live import LiveEvent
from panns.results import Event

DOG, CAT = Event("Dog", "狗", 0, 1.0, 2.0, 0.5), Event("Cat", "猫", 1, 1.5, 2.0, 0.25)
START, END = LiveEvent("start", DOG), LiveEvent("end", DOG)


def lines(*changes):
    return [line.split() for line in text_lines(changes, LanguageChoice.en)]


def test_a_start_is_shown_unless_its_end_follows_at_once():
    assert lines(START, END) == [["1.00", "2.00", "0.500", "Dog"]]
    assert lines(START) == [["1.00", "starts", "0.500", "Dog"]]
    assert lines(START, LiveEvent("end", CAT)) == [["1.00", "starts", "0.500", "Dog"], ["1.50", "2.00", "0.250", "Cat"]]
    assert lines() == []


def test_language():
    assert next(text_lines([END], LanguageChoice.zh)).endswith("狗")


@pytest.mark.parametrize(("scores_s", "has_hint"), [(1.0, False), (1.01, True)])
def test_a_long_latency_suggests_faster_settings(scores_s, has_hint):
    text = head("mic", 32_000, "cnn14", Delays(scores_s, 0.5))
    assert text.startswith("listening to mic, 32000 Hz, with cnn14; scores after 1 s, start of an event after 0.5 s")
    assert ("for a lower latency" in text) is has_hint


def test_last_line():
    assert foot(2.0, 1, 0.0) == "2.0 s of sound: 1 event"
    assert foot(2.0, 0, 0.5) == "2.0 s of sound, with 0.5 s of silence in place of lost sound: 0 events"


def test_records():
    begin = begin_record("mic", 32_000, "cnn14", Delays(0.5, 0.25))
    assert (begin["latency_s"], begin["event_latency_s"]) == (0.5, 0.25)
    assert abs(datetime.now(UTC) - datetime.fromisoformat(begin["began_at"])).total_seconds() < 60
    start, end = event_records(3.0, [START, END])
    assert (start["type"], end["type"], end["time_s"], end["offset_s"]) == ("start", "end", 3.0, 2.0)
    assert "offset_s" not in start
    assert "error" not in stop_record(3.0, 1, 0.0, None)
    assert stop_record(3.0, 1, 0.0, OSError("gone"))["error"] == "gone"


def test_devices():
    device = InputDevice(number=3, name="USB", n_channels=1, sample_rate=48_000, is_default=True)
    assert device_line(device) == "*   3  USB  48000 Hz, 1 channel"
