"""Annotations from strangers: a message that names the file, whatever is in it."""

import json
import time

import pytest

from panns.data.annotations import read_annotations
from panns.data.annotations.rttm import file_ids
from panns.data.annotations.sound_finder import SoundFinder
from panns.errors import DataError

ELAN = """<?xml version="1.0" encoding="UTF-8"?>{head}
<ANNOTATION_DOCUMENT><HEADER><MEDIA_DESCRIPTOR MEDIA_URL="{url}"/></HEADER>
<TIME_ORDER><TIME_SLOT TIME_SLOT_ID="a" TIME_VALUE="0"/><TIME_SLOT TIME_SLOT_ID="b" TIME_VALUE="{end}"/></TIME_ORDER>
<TIER TIER_ID="Dog"><ANNOTATION><ALIGNABLE_ANNOTATION TIME_SLOT_REF1="a" TIME_SLOT_REF2="b">
<ANNOTATION_VALUE>{label}</ANNOTATION_VALUE></ALIGNABLE_ANNOTATION></ANNOTATION></TIER></ANNOTATION_DOCUMENT>"""
BOMB = "".join(f'<!ENTITY l{i} "{f"&l{i - 1};" * 10}">' for i in range(1, 20))
REGION = {"value": {"start": 0, "end": 1, "labels": ["Dog"]}}


def elan(head="", url="file:///a.wav", end="1000", label="Dog"):
    return ELAN.format(head=head, url=url, end=end, label=label)


def task(region=REGION, **data):
    return json.dumps([{"data": data or {"file": "a.wav"}, "predictions": [{"result": [region]}]}])


def changed(**value):
    return task({"value": {**REGION["value"], **value}})


def detected(**event):
    return json.dumps({"file": "a.wav", "events": [{"label": "Dog", "onset_s": 0, "offset_s": 1, **event}]})


@pytest.mark.parametrize(
    ("name", "text", "words"),
    [
        ("a.eaf", elan(f'<!DOCTYPE a [<!ENTITY l0 "lol">{BOMB}]>', label="&l19;"), "has a document type"),
        ("a.eaf", elan('<!DOCTYPE a [<!ENTITY l SYSTEM "file:///etc/hostname">]>', label="&l;"), "has a document type"),
        ("a.eaf", elan().replace("UTF-8", "hex"), "not a document of ELAN"),
        ("a.eaf", elan(url="http://["), "not a document of ELAN"),
        ("a.eaf", elan(end="9" * 400), "not a document of ELAN"),
        ("a.eaf", "<a>" * 100_000, "not a document of ELAN"),
        ("a.json", "[" * 100_000, "not JSON"),
        ("a.json", task(audio=1), "task 1: no labelled stretches"),
        ("a.json", changed(end=10**400), "end has 401 digits"),
        ("a.json", changed(labels=["\ud800"]), r"label '\\ud800' is not text"),
        ("a.json", changed(labels=[["Dog"]]), "labels=.*is not a string"),
        ("a.json", changed(start=[]), "start=.* is not a number"),
        ("a.jsonl", detected(label=["Dog"]), "line 1: label=.* is not a string"),
        ("a.jsonl", detected(label=None), "line 1: the label of an event is missing"),
        ("a.jsonl", detected(onset_s=10**400), "line 1: onset_s has 401 digits"),
        ("a.jsonl", '{"events": {"label": 1}}', "not a result of panns detect"),
        ("a.jsonl", "[" * 100_000, "line 1: this is not JSON"),
        ("a.csv", "file,onset_s,offset_s,label\n" + "x" * 200_000, "damaged table"),
        ("a.txt", "Begin Time (s)\tEnd Time (s)\tSpecies\n" + "x" * 200_000, "damaged table"),
        ("a.csv", "IN FILE,OFFSET,DURATION,AUTO ID\na.wav,nan,1,Dog\n", "line 2: OFFSET='' is not a number"),
        ("a.csv", "IN FILE,OFFSET,DURATION,AUTO ID\na.wav,-1,2,Dog\n", "line 2: .*-1 to 1 s is not in a sound"),
        ("a.csv", "file,onset_s,offset_s,label\na.wav,0,1,nan\n", "line 2: the label of an event is missing"),
        ("a.jsonl", detected(label="<NA>"), "line 1: the label of an event is missing"),
        (
            "a.jsonl",
            '{"file": "a", "events": [{"label": "a", "onset_s": 0, "offset_s": 1e999}]}',
            "line 1: .*too large",
        ),
    ],
)
def test_a_message_names_the_file(tmp_path, name, text, words):
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    with pytest.raises(DataError, match=words) as refusal:
        read_annotations(path)
    assert str(refusal.value).startswith(str(path))
    assert len(str(refusal.value)) < 400


def test_names_of_many_files_take_little_time():
    files = [f"{i}/{i % 40_000}.wav" for i in range(60_000)]
    began_s = time.thread_time()
    ids = file_ids(files)
    assert time.thread_time() - began_s < 10  # it takes 0.3; a search for each of them would take 40
    assert (ids[0], ids[30_000]) == ("0/0.wav", "30000")


@pytest.mark.parametrize("name", ["x" * 5000, "../" * 2000, "a\0b"])
def test_a_sound_whose_name_no_file_can_have_is_not_found(tmp_path, name):
    with pytest.raises(DataError, match="no such sound"):
        SoundFinder(tmp_path).find(name)
