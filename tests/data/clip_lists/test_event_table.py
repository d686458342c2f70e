"""Event tables in the DCASE form: reading what people and programs write, and round trips without loss."""

from __future__ import annotations

import pytest

from panns.data.clip_lists import Clip, ClipList, TimedLabel
from panns.data.clip_lists.event_table import read_event_table, write_event_table
from panns.errors import DataError

HEADER = "filename\tonset\toffset\tevent_label\n"
CLIPS = (
    Clip(
        "audio/0001.wav", ("Dog", "Rain, hail"), events=(TimedLabel("Dog", 0.5, 1.25), TimedLabel("Rain, hail", 2, 4))
    ),
    Clip("audio/0002.wav"),
    Clip('a "b"\tc.wav', ("狗",), events=(TimedLabel("狗", 1e-9, 1.0),)),
)


def table_in(folder, text, name="events.tsv"):
    path = folder / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


@pytest.mark.parametrize("name", ["t.tsv", "t.csv", "t.TSV"])
def test_round_trip(tmp_path, name):
    write_event_table(tmp_path / name, CLIPS)
    assert read_event_table(tmp_path / name) == ClipList(tmp_path, CLIPS)


def test_written_table_has_the_dcase_form(tmp_path):
    write_event_table(tmp_path / "t.tsv", CLIPS[:2])
    assert (tmp_path / "t.tsv").read_text(encoding="utf-8") == (
        HEADER + "audio/0001.wav\t0.5\t1.25\tDog\naudio/0001.wav\t2\t4\tRain, hail\naudio/0002.wav\t\t\t\n"
    )


def test_rows_and_columns_in_any_order(tmp_path):
    text = "Event_Label,extra,filename,offset,onset\nCat,x,b.wav,3,2\nDog,x,a.wav,1,0.5\n\nCat,x,b.wav,1,0\n"
    assert read_event_table(table_in(tmp_path, text, "t.csv")).clips == (
        Clip("b.wav", ("Cat",), events=(TimedLabel("Cat", 0, 1), TimedLabel("Cat", 2, 3))),
        Clip("a.wav", ("Dog",), events=(TimedLabel("Dog", 0.5, 1),)),
    )


def test_row_without_event_may_lack_its_tabs(tmp_path):
    path = table_in(tmp_path, "\ufeff" + HEADER.replace("\n", "\r\n") + "a.wav\r\nb.wav\t\t\t\r\n")
    assert read_event_table(path).clips == (Clip("a.wav"), Clip("b.wav"))


def test_folder_stands_for_its_table(tmp_path):
    table_in(tmp_path, HEADER + "a.wav\t0\t1\tDog\n")
    assert read_event_table(tmp_path) == read_event_table(tmp_path / "events.tsv")
    assert read_event_table(tmp_path).root == tmp_path


@pytest.mark.parametrize(
    ("text", "place", "words"),
    [
        ("", ", line 1: ", ["column names are missing", "filename, onset"]),
        (HEADER, " ", ["lists no sounds"]),
        ("filename\tonset\toffset\tlabel\n", ", line 1: ", ["'event_label' is missing"]),
        ("onset\t" + HEADER, ", line 1: ", ["'onset' is repeated"]),
        ("filename,onset,offset,event_label\n", ", line 1: ", ["commas", "tabs"]),
        (HEADER + "a.wav\t0\t1\n", ", line 2: ", ["3 cells for 4 columns"]),
        (HEADER + " \t0\t1\tDog\n", ", line 2: ", ["filename is empty"]),
        (HEADER + "a.wav\t0\t1\tDog\na.wav\t1\t\tDog\n", ", line 3: ", ["offset is empty"]),
        (HEADER + "a.wav\t0\t1\t\n", ", line 2: ", ["event_label is empty"]),
        (HEADER + "a.wav\t0\t1\tDog\nb.wav\tnan\tnan\tnan\n", ", line 3: ", ["label 'nan'", "missing value"]),
        (HEADER + "a.wav\t0:30\t1\tDog\n", ", line 2: ", ["onset='0:30'", "number"]),
        (HEADER + "a.wav\t1\t1\tDog\n", ", line 2: ", ["offset_s=1.0", "onset_s=1.0"]),
        (HEADER + "a.wav\t-1\t1\tDog\n", ", line 2: ", ["onset_s=-1.0"]),
        (HEADER + "a.wav\t0\tnan\tDog\n", ", line 2: ", ["offset_s=nan"]),
        (HEADER + "a.wav\t0\t1\tDog\na.wav\n", ", line 3: ", ["a.wav has no event here and 1 in other rows"]),
        ((HEADER + "a.wav\t0\t1\tDog\n").encode() + b"\xff\t0\t1\tDog\n", ", line 3: ", ["UTF-8"]),
    ],
)
def test_invalid_table_is_refused(tmp_path, text, place, words):
    path = table_in(tmp_path, text)
    with pytest.raises(DataError) as caught:
        read_event_table(path)
    assert str(caught.value).startswith(f"{path}{place}")
    assert all(word in str(caught.value) for word in words)


def test_missing_and_foreign_tables_are_refused(tmp_path):
    for path, words in (
        (tmp_path, "events.tsv or events.csv; it holds neither"),
        (tmp_path / "nosuch.tsv", "no such file or folder"),
        (table_in(tmp_path, "", "t.txt"), "ends in .txt; .* filename"),
    ):
        with pytest.raises(DataError, match=words):
            read_event_table(path)
    for name in ("events.tsv", "events.csv"):
        table_in(tmp_path, HEADER, name)
    with pytest.raises(DataError, match="holds both; give one of them"):
        read_event_table(tmp_path)
    with pytest.raises(DataError, match=r"ends in \.json"):
        write_event_table(tmp_path / "t.json", CLIPS)
