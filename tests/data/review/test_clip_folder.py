"""The record of a folder of clips, as a stranger or a damaged disk may leave it."""

import json
from dataclasses import asdict

import pytest

from panns.audio.limits import DecodeLimits
from panns.data.review import clip_folder
from panns.data.review.clip_folder import RECORDS, ClipFolder, read_records
from panns.data.review.clip_table import read_reviews
from panns.data.review.detected_clips import ClipSettings, DetectedClip, recording_stems
from panns.errors import DataError, PannsError
from panns.results import Detection, Event

CLIP = DetectedClip("Dog_a_00001.000.wav", "Dog", 0.5, "a.wav", 1.0, 2.0, 0.5, 2.5, 1.0, 2.0, "m")


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"clip": "../Dog.wav"}, "not the name of a clip"),
        ({"clip": "/etc/Dog.wav"}, "not the name of a clip"),
        ({"clip": ["Dog.wav"]}, "clip=.*is not a string"),
        ({"clip": "x" * 300 + ".wav"}, "not the name of a clip"),
        ({"label": {}}, "label=.*is not a string"),
        ({"label": "\ud800"}, "is not text"),
        ({"score": "high"}, "score='high' is not a number"),
        ({"onset_s": 10**400}, "onset_s has 401 digits"),
        ({"offset_s": None}, "offset_s is missing"),
        ({"clip_onset_s": 9.0}, "has no length"),
    ],
)
def test_a_record_of_something_else_is_refused(tmp_path, change, words):
    (tmp_path / RECORDS).write_text(json.dumps(asdict(CLIP)) + "\n" + json.dumps(asdict(CLIP) | change) + "\n")
    with pytest.raises(DataError, match=f"line 2.*{words}"):
        read_records(tmp_path)


def test_a_record_is_read(tmp_path):
    (tmp_path / RECORDS).write_text(json.dumps(asdict(CLIP)) + "\n")
    assert read_records(tmp_path) == [CLIP]


def test_names_of_recordings_in_a_record_stay_names():
    assert recording_stems(["a.wav"], [("a.wav", "../../a")]) == {"a.wav": "a"}


def open_folder(folder, **changes):
    arguments = {"recordings": ["a.wav"], "settings": ClipSettings(), "resume": True, "limits": DecodeLimits()}
    return ClipFolder(folder, **arguments | changes)


def test_one_run_at_a_time_writes_to_a_folder(tmp_path):
    with open_folder(tmp_path), pytest.raises(PannsError, match="another run writes"):
        open_folder(tmp_path)
    with open_folder(tmp_path):
        pass


def test_a_stopped_run_leaves_no_record_without_a_row(tmp_path, monkeypatch):
    """A clip with a record and without a row would count as one whose row a reviewer removed."""
    detection = Detection("a.wav", 9.0, "m", (Event("Dog", "狗", 0, 1.0, 2.0, 0.5),))
    with open_folder(tmp_path) as clips:
        monkeypatch.setattr(clip_folder, "to_json", lambda _: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            clips.add_rows("a.wav", detection)
    monkeypatch.undo()
    assert read_records(tmp_path) == []
    with open_folder(tmp_path) as clips:
        assert clips.add_rows("a.wav", detection) == 1
    assert list(read_reviews(tmp_path)) == [one.clip for one in read_records(tmp_path)]


def test_text_of_strangers_in_the_table(tmp_path):
    label = "\u202edog\x1b[2J"
    recording = "=1+1\u202e.wav"
    detection = Detection(recording, 9.0, "m", (Event(label, "狗", 0, 1.0, 2.0, 0.5),))
    with open_folder(tmp_path, recordings=[recording]) as clips:
        clips.add_rows(recording, detection)
    text = (tmp_path / "clips.csv").read_text(encoding="utf-8")
    assert "'=1+1\\u202e.wav" in text
    assert not {"\u202e", "\x1b"} & set(text)
    assert list(read_reviews(tmp_path)) == [one.clip for one in read_records(tmp_path)]
