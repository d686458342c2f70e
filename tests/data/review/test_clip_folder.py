"""The record of a folder of clips, as a stranger or a damaged disk may leave it."""

import json
from dataclasses import asdict

import pytest

from panns.data.review.clip_folder import RECORDS, read_records
from panns.data.review.detected_clips import DetectedClip, recording_stems
from panns.errors import DataError

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
