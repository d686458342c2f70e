"""Every format gives back the events that were written to it."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from panns.cli.render.event_formats import RAVEN_COLUMNS
from panns.cli.terminal.output import print_csv, print_tsv
from panns.data.annotations import AnnotatedSound, Annotation, read_annotations
from panns.data.annotations.elan import elan_document
from panns.data.annotations.kaleidoscope import kaleidoscope_columns, kaleidoscope_rows
from panns.data.annotations.label_studio import label_studio_task
from panns.data.annotations.rttm import file_ids, rttm_text
from panns.system.json_files import to_json
from panns.system.safe_text import csv_text

EVENTS = (
    Annotation("Chicken, rooster", 0.0, 0.24, 0.5),
    Annotation('Dog "big" & <small>', 0.5, 4.125, 0.912),
    Annotation("100% 警笛", 1.0, 3600.001, 1.0),
    Annotation("=1+1", 2.5, 2.75, 0.25),
)
NAMES = ("rain.wav", "日本 & <b>.ogg", "two  spaces, 'tis.flac", "=1+1.wav", "50%20.wav")


def write(form, sounds, folder):
    """Write sounds as the command line does; returns the file."""
    if form == "elan":
        (sound,) = sounds
        path = folder / "out.eaf"
        path.write_text(elan_document(sound), encoding="utf-8")
    elif form == "label-studio":
        path = folder / "out.json"
        path.write_text(to_json([label_studio_task(one) for one in sounds]))
    elif form == "rttm":
        path = folder / "out.rttm"
        ids = file_ids([one.file for one in sounds])
        path.write_text("".join(map(rttm_text, sounds, ids)), encoding="utf-8")
    else:
        path = folder / "out.csv"
        rows = [kaleidoscope_columns(), *(row for one in sounds for row in kaleidoscope_rows(one))]
        path.write_text(csv_text(rows), encoding="utf-8")
    return path


def times(sound):
    return [(one.label, pytest.approx(one.onset_s, abs=6e-4), pytest.approx(one.offset_s, abs=6e-4)) for one in sound]


@pytest.mark.parametrize("form", ["kaleidoscope", "rttm", "label-studio"])
def test_many_sounds_in_one_file(form, tmp_path):
    sounds = [AnnotatedSound(str(tmp_path / name), EVENTS, 4000.0) for name in NAMES]
    again = read_annotations(write(form, sounds, tmp_path))
    stems = [Path(name).stem for name in NAMES]
    assert [one.file for one in again] == (stems if form == "rttm" else [one.file for one in sounds])
    for sound in again:
        assert [(one.label, one.onset_s, one.offset_s) for one in sound.annotations] == times(EVENTS)
        assert [one.score for one in sound.annotations] == pytest.approx([one.score for one in EVENTS])
        assert sound.is_reviewed is (form != "label-studio")


@pytest.mark.parametrize("name", NAMES)
def test_elan_holds_one_sound(name, tmp_path):
    sound = AnnotatedSound(str(tmp_path / name), EVENTS)
    (again,) = read_annotations(write("elan", [sound], tmp_path))
    assert again.file == sound.file
    assert [(one.label, one.onset_s, one.offset_s) for one in again.annotations] == times(EVENTS)


@settings(max_examples=40, deadline=None)
@given(
    # No surrogates; characters that XML cannot hold, or that a terminal would obey, are replaced.
    label=st.text(st.characters(codec="utf-8", categories=["L", "N", "P", "S", "Zs"]), min_size=1).filter(
        lambda text: text == text.strip() and not text.startswith("'") and text.isprintable()
    ),
    onset_ms=st.integers(0, 10**8),
    length_ms=st.integers(1, 10**7),
)
@pytest.mark.parametrize("form", ["kaleidoscope", "rttm", "label-studio", "elan"])
def test_any_label_and_time(form, label, onset_ms, length_ms, tmp_path_factory):
    event = Annotation(label, onset_ms / 1000, (onset_ms + length_ms) / 1000, 0.5)
    folder = tmp_path_factory.mktemp("any")
    (again,) = read_annotations(write(form, [AnnotatedSound(str(folder / "a.wav"), [event])], folder))
    assert [(one.label, one.onset_s, one.offset_s) for one in again.annotations] == times([event])


def test_sounds_of_one_name_keep_apart_in_rttm(tmp_path):
    sounds = [AnnotatedSound(name, EVENTS[:1]) for name in ("a/rain.wav", "b/rain.wav", "c/dog.wav")]
    assert [one.file for one in read_annotations(write("rttm", sounds, tmp_path))] == [
        "a/rain.wav",
        "b/rain.wav",
        "dog",
    ]


def test_rttm_has_ten_fields(tmp_path):
    """As in the evaluation plans of NIST, by white space."""
    path = write("rttm", [AnnotatedSound("two words.wav", EVENTS)], tmp_path)
    for line in path.read_text(encoding="utf-8").splitlines():
        fields = line.split()
        assert len(fields) == 10
        assert fields[0] == "SPEAKER"
        assert fields[1:3] == ["two%20words", "1"]
        assert float(fields[4]) > 0
        assert (fields[5], fields[6], fields[9]) == ("<NA>",) * 3


def test_kaleidoscope_columns(tmp_path, capsys):
    sound = AnnotatedSound(str(tmp_path / "a b.wav"), EVENTS[:1])
    print_csv([kaleidoscope_columns(), *kaleidoscope_rows(sound)])
    (row,) = csv.DictReader(io.StringIO(capsys.readouterr().out))
    assert (row["INDIR"], row["FOLDER"], row["IN FILE"]) == (str(tmp_path), "", "a b.wav")
    assert (float(row["OFFSET"]), float(row["DURATION"])) == (0.0, 0.24)
    assert (row["AUTO ID"], row["MANUAL ID"]) == ("Chicken, rooster", "")


def test_label_studio_regions_as_its_guide_gives_them(tmp_path):
    (task,) = json.loads(write("label-studio", [AnnotatedSound("a b/c.wav", EVENTS, 4000.0)], tmp_path).read_text())
    assert task["data"] == {"audio": "/data/local-files/?d=a%20b/c.wav", "file": "a b/c.wav"}
    (prediction,) = task["predictions"]
    assert prediction["score"] == pytest.approx(2.662 / 4)
    first = prediction["result"][0]
    assert (first["from_name"], first["to_name"], first["type"]) == ("label", "audio", "labels")
    assert first["value"] == {"start": 0.0, "end": 0.24, "channel": 0, "labels": ["Chicken, rooster"]}
    assert first["original_length"] == 4000.0
    assert len({region["id"] for region in prediction["result"]}) == len(EVENTS)


def test_elan_tiers_hold_no_overlapping_events(tmp_path):
    from xml.etree import ElementTree as ET

    events = (Annotation("Dog", 0, 1), Annotation("Rain", 0.5, 9), Annotation("Dog", 2, 2.0001))
    root = ET.parse(write("elan", [AnnotatedSound("a.wav", events)], tmp_path)).getroot()  # noqa: S314 - its own file
    slots = {one.get("TIME_SLOT_ID"): int(one.get("TIME_VALUE")) for one in root.iter("TIME_SLOT")}
    tiers = {
        tier.get("TIER_ID"): [
            (slots[one.get("TIME_SLOT_REF1")], slots[one.get("TIME_SLOT_REF2")])
            for one in tier.iter("ALIGNABLE_ANNOTATION")
        ]
        for tier in root.iter("TIER")
    }
    assert tiers == {"Dog": [(0, 1000), (2000, 2001)], "Rain": [(500, 9000)]}


def test_raven_and_audacity_as_the_command_writes_them(tmp_path, capsys):
    row = (1, "Spectrogram 1", 1, "10.5", "11.25", 0, 16_000.0, "Dog", "0.900000", "a b.wav", "0.5")
    print_tsv([RAVEN_COLUMNS, row])
    (tmp_path / "raven.txt").write_text(capsys.readouterr().out)
    print_tsv([("0.500000", "1.250000", "Dog")])
    (tmp_path / "a b.txt").write_text(capsys.readouterr().out)
    dog = Annotation("Dog", 0.5, 1.25)
    assert read_annotations(tmp_path / "raven.txt") == [AnnotatedSound("a b.wav", (Annotation("Dog", 0.5, 1.25, 0.9),))]
    assert read_annotations(tmp_path / "a b.txt") == [AnnotatedSound("a b", (dog,))]
