from dataclasses import FrozenInstanceError
from datetime import datetime

import numpy as np
import pytest

from panns.clock import StatedTime, TimeSource
from panns.labels import audioset
from panns.results import Detection, Embedding, Event, Tag, Tagging, TagWindow

DOG = Tag("Dog", "狗", 74, 0.7071067811865476)
BARK = Event("Dog", "狗", 74, 1.5, 2.0, 0.9)
CAT = Tag("Cat", "猫", 81, 0.25)
PLAIN_DOG = {"label": "Dog", "label_zh": "狗", "index": 74, "score": 0.7071067811865476}
PLAIN_CAT = {"label": "Cat", "label_zh": "猫", "index": 81, "score": 0.25}


def test_tag_of_a_label():
    assert Tag.of(audioset()[74], 0.7071067811865476) == DOG


def test_tag_is_not_rounded():
    assert DOG.to_dict() == PLAIN_DOG


def test_tagging_is_exactly_the_json_of_the_design():
    tagging = Tagging("a.wav", 2.5, "mn04_as", (DOG, CAT))
    assert tagging.to_dict() == {"file": "a.wav", "duration_s": 2.5, "model": "mn04_as", "tags": [PLAIN_DOG, PLAIN_CAT]}
    assert list(tagging.to_dict()) == ["file", "duration_s", "model", "tags"]


def test_windows_and_warnings_appear_when_there_are_any():
    window = TagWindow(0.0, 10.0, (CAT,))
    tagging = Tagging("a.wav", 35.0, "mn04_as", (DOG,), windows=(window,), warnings=("3 s are missing",))
    assert tagging.to_dict()["windows"] == [{"onset_s": 0.0, "offset_s": 10.0, "tags": [PLAIN_CAT]}]
    assert tagging.to_dict()["warnings"] == ["3 s are missing"]


def test_tagging_is_a_sequence_of_tags():
    tagging = Tagging("a.wav", 2.5, "mn04_as", (DOG, CAT))
    assert len(tagging) == 2
    assert list(tagging) == [DOG, CAT]
    assert (tagging[0], tagging[-1], tagging[1:]) == (DOG, CAT, (CAT,))
    assert CAT in tagging
    assert tagging.index(CAT) == 1
    with pytest.raises(IndexError):
        tagging[2]


def test_embedding_is_plain_numbers_in_json():
    embedding = Embedding("a.wav", 2.5, "cnn6", np.array([0.5, -1.0], dtype=np.float32), warnings=("loud",))
    plain = embedding.to_dict()
    assert plain == {
        "file": "a.wav",
        "duration_s": 2.5,
        "model": "cnn6",
        "embedding": [0.5, -1.0],
        "warnings": ["loud"],
    }
    assert {type(value) for value in plain["embedding"]} == {float}


@pytest.mark.parametrize("result", [DOG, TagWindow(0.0, 1.0, ()), Tagging("a", 1.0, "m", ())])
def test_results_cannot_be_changed(result):
    with pytest.raises(FrozenInstanceError):
        result.label = "Cat"


def recorded(text, **more):
    stated = StatedTime(TimeSource.file_name, "a name", datetime.fromisoformat(text))
    return Detection("a.wav", 60.0, "stream", (BARK,), stated_times=(stated,), **more)


def test_clock_times():
    detection = recorded("2024-05-01T23:59:59")
    assert detection.recorded_at == datetime(2024, 5, 1, 23, 59, 59)
    assert detection.clock_time(BARK.onset_s) == datetime(2024, 5, 2, 0, 0, 0, 500_000)
    assert "recorded_at" not in detection.to_dict()
    with_clock = detection.with_clock(recorder_timezone="Europe/Berlin")
    assert with_clock.recorded_at.isoformat() == "2024-05-01T23:59:59+02:00"
    plain = with_clock.to_dict()
    assert list(plain) == ["file", "duration_s", "model", "recorded_at", "clock_source", "events"]
    assert (plain["recorded_at"], plain["clock_source"]) == ("2024-05-01T23:59:59.000+02:00", "file_name")
    assert plain["events"][0]["onset_at"] == "2024-05-02T00:00:00.500+02:00"
    assert plain["events"][0]["offset_at"] == "2024-05-02T00:00:01.000+02:00"


def test_the_warnings_of_a_clock_replace_those_of_the_one_before():
    detection = recorded("1970-01-01T00:00:00", warnings=("3 s are missing",)).with_clock().with_clock("UTC")
    assert detection.recorded_at is None
    assert detection.clock_time(0.0) is None
    first, *others = detection.to_dict()["warnings"]
    assert first == "3 s are missing"
    assert len(others) == 2


def test_windows_have_clock_times():
    stated = (StatedTime(TimeSource.guano, "", datetime.fromisoformat("2024-05-01T18:30:00.250+02:00")),)
    tagging = Tagging("a.wav", 35.0, "m", (DOG,), windows=(TagWindow(10.0, 20.0, (CAT,)),), stated_times=stated)
    (window,) = tagging.with_clock().to_dict()["windows"]
    assert (window["onset_at"], window["offset_at"]) == (
        "2024-05-01T18:30:10.250+02:00",
        "2024-05-01T18:30:20.250+02:00",
    )
