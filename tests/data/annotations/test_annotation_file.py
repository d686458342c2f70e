"""Files as annotation programs and people leave them."""

from __future__ import annotations

import json
import re

import pytest

from panns.data.annotations import AnnotatedSound, Annotation, read_annotations
from panns.data.annotations.sound_finder import SoundFinder
from panns.data.event_clips import read_event_clips
from panns.errors import DataError
from tests.sounds import noise, write_wav

DOG = Annotation("Dog", 0.5, 1.25)


def file_in(folder, name, text):
    path = folder / name
    path.write_bytes(text.encode())
    return path


def test_raven_table_with_two_views_and_a_review_column(tmp_path):
    text = (
        "Selection\tView\tChannel\tBegin Time (s)\tEnd Time (s)\tBegin File\tSpecies\tReview\r\n"
        "1\tWaveform 1\t1\t0.5\t1.25\ta.wav\tDog\tyes\r\n"
        "1\tSpectrogram 1\t1\t0.5\t1.25\ta.wav\tDog\tyes\r\n"
        "2\tSpectrogram 1\t1\t2\t3\tb.wav\tCat\t\r\n"
    )
    assert read_annotations(file_in(tmp_path, "t.Table.1.selections.txt", text)) == [
        AnnotatedSound("a.wav", (Annotation("Dog", 0.5, 1.25, review="yes"),)),
        AnnotatedSound("b.wav", (Annotation("Cat", 2.0, 3.0),)),
    ]


def test_raven_table_that_names_no_sound_belongs_to_the_sound_of_its_name(tmp_path):
    text = "Selection\tBegin Time (s)\tEnd Time (s)\tAnnotation\n1\t0.5\t1.25\tDog\n"
    assert read_annotations(file_in(tmp_path, "rain.Table.1.selections.txt", text)) == [AnnotatedSound("rain", (DOG,))]


def test_audacity_labels_with_frequencies(tmp_path):
    text = "0.5\t1.25\tDog\n\\\t100.0\t2000.0\n0,5\t1,25\tDog\n"
    assert read_annotations(file_in(tmp_path, "rain.txt", text)) == [AnnotatedSound("rain", (DOG, DOG))]


ROBIN = Annotation("European Robin", 3.0, 6.0, 0.8123)


BIRDNET_CSV = "Start (s),End (s),Scientific name,Common name,Confidence"
BIRDNET_R = "filepath,start,end,scientific_name,common_name,confidence,lat,lon"
BIRDNET_RAVEN = (
    "Selection\tView\tChannel\tBegin Time (s)\tEnd Time (s)\tLow Freq (Hz)\tHigh Freq (Hz)\tCommon Name\tSpecies Code\t"
    "Confidence\tBegin Path\tFile Offset (s)"
)
RAVEN_ROW = "1\tSpectrogram 1\t1\t63.0\t66.0\t0\t15000\tEuropean Robin\teurrob1\t0.8123\t/data/dawn.wav\t3.0"
CSV_ROW = "3.0,6.0,Erithacus rubecula,European Robin,0.8123"
R_ROW = f"C:\\data\\dawn.wav,{CSV_ROW},-1,-1"


@pytest.mark.parametrize(
    ("name", "text", "sound"),
    [
        ("dawn.BirdNET.results.csv", f"{BIRDNET_CSV}\n{CSV_ROW}\n", "dawn"),
        ("BirdNET_CombinedTable.csv", f"{BIRDNET_CSV},File,lat\n{CSV_ROW},/data/dawn.wav,-1\n", "/data/dawn.wav"),
        ("dawn.BirdNET.results.r.csv", f"{BIRDNET_R}\n{R_ROW}\n", "C:\\data\\dawn.wav"),
        ("dawn.BirdNET.selection.table.txt", f"{BIRDNET_RAVEN}\n{RAVEN_ROW}\n", "/data/dawn.wav"),
    ],
)
def test_tables_of_birdnet_analyzer(tmp_path, name, text, sound):
    assert read_annotations(file_in(tmp_path, name, text)) == [AnnotatedSound(sound, (ROBIN,))]


def test_labels_of_birdnet_analyzer_have_a_confidence(tmp_path):
    text = "3.0\t6.0\tErithacus rubecula, European Robin\t0.8123\n6.0\t9.0\tDog\n"
    robin = Annotation("Erithacus rubecula, European Robin", 3.0, 6.0, 0.8123)
    assert read_annotations(file_in(tmp_path, "dawn.BirdNET.results.txt", text)) == [
        AnnotatedSound("dawn", (robin, Annotation("Dog", 6.0, 9.0)))
    ]


def test_a_row_that_says_nothing_was_detected_is_no_event(tmp_path):
    text = (
        "Selection\tBegin Time (s)\tEnd Time (s)\tCommon Name\tSpecies Code\tConfidence\tBegin Path\n"
        "1\t0\t3\tnocall\tnocall\t1.0\t/data/quiet.wav\n"
    )
    path = file_in(tmp_path, "quiet.BirdNET.selection.table.txt", text)
    assert read_annotations(path) == [AnnotatedSound("/data/quiet.wav", ())]


def test_a_damaged_table_of_birdnet_names_the_line(tmp_path):
    text = f"{BIRDNET_CSV}\n3.0,soon,Erithacus rubecula,European Robin,0.8\n"
    with pytest.raises(DataError, match=r"dawn\.csv, line 2: end \(s\)='soon' is not a number"):
        read_annotations(file_in(tmp_path, "dawn.csv", text))


def test_a_name_of_a_column_longer_than_any_is_a_damaged_table(tmp_path):
    with pytest.raises(DataError, match=r"a\.csv is a damaged table \(field larger"):
        read_event_clips(file_in(tmp_path, "a.csv", f"IN FILE,OFFSET,{'x' * 200_000}\na.wav,0,1\n"))


def test_events_of_birdnet_are_the_truth_of_an_evaluation(tmp_path):
    write_wav(tmp_path / "dawn.wav", noise(1.0))
    text = f"{BIRDNET_CSV}\n0,1,Canis lupus,Dog,0.9\n"
    (clip,) = read_event_clips(file_in(tmp_path, "dawn.BirdNET.results.csv", text)).clips
    assert (clip.path, clip.labels) == ("dawn.wav", ("Dog",))


@pytest.mark.parametrize("star", ["", "*"])
def test_kaleidoscope_table_of_windows(tmp_path, star):
    text = (
        f"INDIR,FOLDER,IN FILE,CHANNEL,OFFSET,DURATION,AUTO ID{star},PULSES,MANUAL ID{star}\n"
        "C:\\data,site 1,a.wav,0,0.5,0.75,Dog,3,Cat\nC:\\data,site 1,a.wav,0,2,1,NoID,0,\n"
    )
    assert read_annotations(file_in(tmp_path, "id.csv", text)) == [
        AnnotatedSound(
            "C:\\data\\site 1\\a.wav",
            (Annotation("Dog", 0.5, 1.25, None, "Cat"), Annotation("NoID", 2, 3)),
            is_marked=True,
        )
    ]


def test_kaleidoscope_table_of_birdnet(tmp_path):
    text = (
        "INDIR,FOLDER,IN FILE,OFFSET,DURATION,scientific_name,common_name,confidence,lat,lon,week,overlap,sensitivity\n"
        "/data,site1,rec.wav,3.0,3.0,Turdus merula,Common Blackbird,0.81,-1,-1,-1,0.0,1.0\n"
    )
    assert read_annotations(file_in(tmp_path, "k.csv", text)) == [
        AnnotatedSound("/data/site1/rec.wav", (Annotation("Common Blackbird", 3.0, 6.0, 0.81),))
    ]


def test_rttm_of_a_diarisation(tmp_path):
    text = (
        ";; a comment\nSPKR-INFO call 1 <NA> <NA> <NA> unknown A <NA>\n"
        "SPEAKER call 1 0.5 0.75 <NA> <NA> A <NA> <NA>\n\nSPEAKER call 1 2 1 <NA> <NA> B\n"
    )
    assert read_annotations(file_in(tmp_path, "c.rttm", text)) == [
        AnnotatedSound("call", (Annotation("A", 0.5, 1.25), Annotation("B", 2.0, 3.0)))
    ]


def region(label, start, end, **more):
    value = {"start": start, "end": end, "channel": 0, "labels": [label]}
    return {"from_name": "label", "to_name": "audio", "type": "labels", "value": value, **more}


def test_label_studio_export(tmp_path):
    """The newest annotation counts; one that was skipped does not, and neither does a text."""
    old = {"result": [region("Cat", 0, 1)], "was_cancelled": False, "updated_at": "2026-01-01"}
    comment = {"from_name": "t", "to_name": "audio", "type": "textarea", "value": {"text": ["hm"], "start": 0}}
    new = {"result": [region("Dog", 0.5, 1.25), comment], "was_cancelled": False, "updated_at": "2026-01-02"}
    skipped = {"result": [], "was_cancelled": True, "updated_at": "2026-01-03"}
    prediction = {"result": [region("Siren", 0, 2, score=0.5)]}
    tasks = [
        {"data": {"audio": "/data/upload/1/a%20b.wav", "file": "a b.wav"}, "annotations": [old, new, skipped]},
        {"data": {"audio": "/data/local-files/?d=x/c%20d.wav"}, "annotations": [skipped], "predictions": [prediction]},
        {"data": {"sound": "http://host/e%20f.wav"}, "annotations": [{"result": [], "was_cancelled": False}]},
    ]
    assert read_annotations(file_in(tmp_path, "p.json", json.dumps(tasks))) == [
        AnnotatedSound("a b.wav", (DOG,)),
        AnnotatedSound("x/c d.wav", (Annotation("Siren", 0.0, 2.0, 0.5),), is_reviewed=False),
        AnnotatedSound("/e f.wav", ()),
    ]


EAF = """<?xml version="1.0" encoding="UTF-8"?>
<ANNOTATION_DOCUMENT AUTHOR="" DATE="2026-01-01T00:00:00+00:00" FORMAT="3.0" VERSION="3.0"
 xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:noNamespaceSchemaLocation="x">
<HEADER MEDIA_FILE="" TIME_UNITS="milliseconds"><MEDIA_DESCRIPTOR MEDIA_URL="file:///C:/my%20data/a.wav"
 MIME_TYPE="audio/x-wav" RELATIVE_MEDIA_URL="./a.wav"/></HEADER>
<TIME_ORDER><TIME_SLOT TIME_SLOT_ID="ts1" TIME_VALUE="500"/><TIME_SLOT TIME_SLOT_ID="ts2" TIME_VALUE="1250"/>
<TIME_SLOT TIME_SLOT_ID="ts3"/></TIME_ORDER>
<TIER LINGUISTIC_TYPE_REF="default-lt" TIER_ID="Dog"><ANNOTATION><ALIGNABLE_ANNOTATION ANNOTATION_ID="a1"
 TIME_SLOT_REF1="ts1" TIME_SLOT_REF2="ts2"><ANNOTATION_VALUE></ANNOTATION_VALUE></ALIGNABLE_ANNOTATION></ANNOTATION>
<ANNOTATION><ALIGNABLE_ANNOTATION ANNOTATION_ID="a3" TIME_SLOT_REF1="ts1" TIME_SLOT_REF2="ts3">
<ANNOTATION_VALUE>part</ANNOTATION_VALUE></ALIGNABLE_ANNOTATION></ANNOTATION></TIER>
<TIER LINGUISTIC_TYPE_REF="t" TIER_ID="note" PARENT_REF="Dog"><ANNOTATION><REF_ANNOTATION ANNOTATION_ID="a2"
 ANNOTATION_REF="a1"><ANNOTATION_VALUE>far away</ANNOTATION_VALUE></REF_ANNOTATION></ANNOTATION></TIER>
</ANNOTATION_DOCUMENT>
"""


def test_elan_document_of_windows(tmp_path):
    assert read_annotations(file_in(tmp_path, "d.eaf", EAF)) == [AnnotatedSound("C:/my data/a.wav", (DOG,))]


@pytest.mark.parametrize(
    ("name", "text", "words"),
    [
        ("d.eaf", EAF.replace("\n<ANN", '\n<!DOCTYPE x [<!ENTITY e "eeee">]>\n<ANN', 1), "document type"),
        ("d.eaf", EAF[:700], "not a document of ELAN"),
        ("d.eaf", EAF.replace('TIME_SLOT_REF1="ts1"', 'TIME_SLOT_REF1="ts9"'), "not a document of ELAN"),
        ("p.json", "{}", "not a list of tasks"),
        ("p.json", "[1]", "task 1: no labelled stretches"),
        ("p.json", '[{"data": {"audio": "a"}, "annotations": [{"result": [{"value": {"labels": ["a"]}}]}]}]', "start"),
        ("p.json", "[", "p.json"),
        ("c.rttm", "SPEAKER a 1 0 0 <NA> <NA> A <NA> <NA>\n", "line 1: the event 'A' from 0 to 0 s has no length"),
        ("c.rttm", "SPEAKER a 1 x 1 <NA> <NA> A\n", "line 1: onset='x' is not a number"),
        ("c.rttm", "\nSPEAKER a 1 0\n", "line 2: the line has 4 fields"),
        ("k.csv", "INDIR,FOLDER,IN FILE,OFFSET,DURATION,AUTO ID\n/,,a,0,x,Dog\n", "line 2: DURATION='x'"),
        ("k.csv", "INDIR,FOLDER,IN FILE,OFFSET,DURATION\n/,,a,0,1\n", "AUTO ID is missing"),
        ("t.txt", "Begin Time (s)\tEnd Time (s)\n0\t1\n", "add one with the class"),
        ("t.txt", "0\t1\tDog\n2\t1\tDog\n", "line 2: the event 'Dog' from 2 to 1 s has no length"),
        ("t.txt", "hello\n", "form of the file is unknown"),
        ("t.csv", "a,b\n1,2\n", "form of the file is unknown"),
        ("r.jsonl", "{}\n", "line 1: this is not a result of panns detect"),
    ],
)
def test_refusals(tmp_path, name, text, words):
    with pytest.raises(DataError, match=re.escape(words)) as raised:
        read_annotations(file_in(tmp_path, name, text))
    assert name in str(raised.value)


def test_sounds_are_found_by_path_or_name(tmp_path):
    for name in ("sub/a.wav", "sub/b.wav", "other/b.wav"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    finder = SoundFinder(tmp_path)
    for name in ("sub/a.wav", "a.wav", "a", "C:\\data\\a.wav", "/else/where/a.wav", str(tmp_path / "sub" / "a.wav")):
        assert finder.find(name) == tmp_path / "sub" / "a.wav"
    for name, words in (("b.wav", "several sounds"), ("c", "no such sound")):
        with pytest.raises(DataError, match=words):
            finder.find(name)


def test_annotations_as_truth_of_an_evaluation(tmp_path):
    (tmp_path / "call.wav").touch()
    text = "SPEAKER call 1 2 1 <NA> <NA> Dog <NA> <NA>\nSPEAKER call 1 0.5 0.75 <NA> <NA> Dog <NA> <NA>\n"
    clips = read_event_clips(file_in(tmp_path, "c.rttm", text))
    assert clips.root == tmp_path
    (clip,) = clips.clips
    assert (clip.path, clip.labels) == ("call.wav", ("Dog",))
    assert [(one.onset_s, one.offset_s) for one in clip.events] == [(0.5, 1.25), (2.0, 3.0)]
    tasks = [{"data": {"file": "call.wav"}, "predictions": [{"result": [region("Dog", 0, 1)]}]}]
    with pytest.raises(DataError, match=r"call\.wav has no annotation yet"):
        read_event_clips(file_in(tmp_path, "p.json", json.dumps(tasks)))


def test_rows_of_kaleidoscope_count_as_truth_once_a_person_named_them(tmp_path):
    (tmp_path / "a.wav").touch()
    head = "INDIR,FOLDER,IN FILE,OFFSET,DURATION,AUTO ID,MANUAL ID\n"
    rows = "x,,a.wav,0,1,Dog,Noise\nx,,a.wav,2,1,Dog,Cat\nx,,a.wav,4,1,Dog,Dog\n"
    (clip,) = read_event_clips(file_in(tmp_path, "id.csv", head + rows)).clips
    assert [(one.label, one.onset_s) for one in clip.events] == [("Cat", 2.0), ("Dog", 4.0)]
    with pytest.raises(DataError, match="nobody has decided on 'Dog' at 6 s of"):
        read_event_clips(file_in(tmp_path, "id.csv", head + rows + "x,,a.wav,6,1,Dog,\n"))
