"""Manifests in every form: read as people write them, and back exactly as they were written."""

from __future__ import annotations

import csv
import json
import math

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from panns.data.clip_lists import Clip, ClipList, TimedLabel, read_clip_list, write_clip_list
from panns.errors import DataError

CLIPS = (
    Clip(
        "a/b.ogg", ("Chicken, rooster", "Cluck"), "train", "17", licence="CC0 1.0", attribution='"hen", by 文\nand me'
    ),
    Clip("c.ogg", (), "test", "18", 0.0, 2.5, (TimedLabel("狗 | 猫\\", 0.25, 1.0), TimedLabel("Bark", 1e-9, 2.5))),
)


def manifest_in(tmp_path, text, name="m.csv"):
    path = tmp_path / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def problem_of(tmp_path, text, name="m.csv"):
    path = manifest_in(tmp_path, text, name)
    with pytest.raises(DataError) as caught:
        read_clip_list(path)
    message = str(caught.value)
    assert message.startswith(str(path))
    return message.removeprefix(str(path))


@pytest.mark.parametrize("suffix", [".csv", ".tsv", ".jsonl", ".CSV"])
def test_clips_come_back_as_they_were(tmp_path, suffix):
    write_clip_list(tmp_path / f"m{suffix}", CLIPS)
    assert read_clip_list(tmp_path / f"m{suffix}") == ClipList(tmp_path, CLIPS)


def test_a_written_table_can_be_read_by_people(tmp_path):
    write_clip_list(tmp_path / "m.csv", [Clip("a.wav", ("Dog", "Bark, loud"), fold="1"), CLIPS[1]])
    assert (tmp_path / "m.csv").read_text(encoding="utf-8").splitlines() == [
        "path,labels,fold,source,onset_s,offset_s,events",
        'a.wav,"Dog|Bark, loud",1,,,,',
        "c.ogg,,test,18,0,2.5,0.25-1 狗 \\| 猫\\\\|0.000000001-2.5 Bark",
    ]


def test_written_lines_hold_what_there_is(tmp_path):
    write_clip_list(tmp_path / "m.jsonl", [Clip("a.wav", ("狗",)), CLIPS[1]])
    first, second = (tmp_path / "m.jsonl").read_text(encoding="utf-8").splitlines()
    assert first == '{"path": "a.wav", "labels": ["狗"]}'
    assert json.loads(second)["events"][1] == {"label": "Bark", "onset_s": 1e-9, "offset_s": 2.5}


names = st.text(max_size=8).map(str.strip)
labels = names.filter(bool)
times = st.floats(0, 1e5)


@st.composite
def stretches(draw):
    onset_s = draw(times)
    return onset_s, onset_s + draw(st.floats(min_value=max(1e-6, math.ulp(onset_s)), max_value=1e4))


@st.composite
def clips(draw):
    onset_s, offset_s = draw(stretches())
    return Clip(
        draw(st.text(min_size=1, max_size=12).filter(str.strip)),
        tuple(draw(st.lists(labels, unique=True, max_size=3))),
        draw(names),
        draw(names),
        draw(st.sampled_from([None, onset_s])),
        draw(st.sampled_from([None, offset_s])),
        tuple(
            TimedLabel(label, *stretch) for label, stretch in draw(st.lists(st.tuples(labels, stretches()), max_size=2))
        ),
        draw(st.text(max_size=8)),
        draw(st.text(max_size=8)),
    )


@pytest.mark.parametrize("suffix", [".csv", ".tsv", ".jsonl"])
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(several=st.lists(clips(), min_size=1, max_size=4))
def test_any_clips_come_back_as_they_were(tmp_path, suffix, several):
    write_clip_list(tmp_path / f"m{suffix}", several)
    assert read_clip_list(tmp_path / f"m{suffix}").clips == tuple(several)


def test_columns_are_found_by_name(tmp_path):
    path = manifest_in(tmp_path, '\ufeffspeaker, Source_ID ,offset,label,,PATH,onset\nme,7,2.5,"a|b, c",,x.wav, 1\n')
    assert read_clip_list(path).clips == (Clip("x.wav", ("a|b, c",), source="7", onset_s=1.0, offset_s=2.5),)


def test_a_cell_may_have_spaces_and_hold_nothing(tmp_path):
    path = manifest_in(
        tmp_path, "path\tlabels\tfold\tonset_s\r\nx.wav\t dog | cat \t 1 \t \r\n\r\ny.wav\t\t\t\r\n", "m.tsv"
    )
    assert read_clip_list(path).clips == (Clip("x.wav", ("dog", "cat"), "1"), Clip("y.wav"))


def test_lines_are_read_as_programs_write_them(tmp_path):
    rows = [
        {"path": "x.wav", "label": "dog", "fold": 1, "source_id": 7, "onset": 1, "speaker": {"age": 3}},
        {"path": "y.wav", "labels": [], "source": None, "events": [{"label": "a", "onset": 0, "offset": 1}]},
    ]
    path = manifest_in(tmp_path, "\n\n".join(map(json.dumps, rows)), "m.jsonl")
    assert read_clip_list(path).clips == (
        Clip("x.wav", ("dog",), "1", "7", onset_s=1.0),
        Clip("y.wav", events=(TimedLabel("a", 0.0, 1.0),)),
    )


def test_files_lie_beside_the_manifest_or_where_they_say(tmp_path):
    manifest = ClipList(tmp_path, (Clip("a/b.wav"), Clip(str(tmp_path.parent / "c.wav"))))
    assert [manifest.file(clip) for clip in manifest.clips] == [tmp_path / "a" / "b.wav", tmp_path.parent / "c.wav"]


def test_clip_lists_of_real_data_sets_are_read(shared):
    for path in (shared / "data").glob("*/manifest.csv"):
        with path.open(encoding="utf-8", newline="") as file:
            n_rows = sum(1 for _ in csv.DictReader(file))
        assert len(read_clip_list(path).clips) == n_rows


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", ", line 1: there are no names of columns; a manifest begins with them, such as path,labels,fold"),
        ("path,labels\n", " lists no clips; give it a line for each"),
        ("file,label\na,b\n", ", line 1: there is no 'path' among 'file', 'label'; rename what is meant, or add it"),
        (
            "path;label\na;b\n",
            ", line 1: semicolons stand between the columns, where commas are needed; save it with those (a .csv has",
        ),
        ("path\tlabel\na\tb\n", ", line 1: tabs stand between the columns, where commas are needed"),
        ("path,class\na,b\n", ", line 1: there is no 'labels' or 'label' among 'path', 'class'; rename what is"),
        ("path,lables\na,b\n", ", line 1: 'lables' is unknown; did you mean 'labels'? Rename it, or remove it"),
        ("pth,label\na,b\n", ", line 1: 'pth' is unknown; did you mean 'path'?"),
        ("path,label,onset_ms\na,b,1\n", ", line 1: 'onset_ms' is unknown; did you mean 'onset_s'?"),
        ("path,label,label\na,b,c\n", ", line 1: 'label' is there twice; keep one of them"),
        ("path,label,labels\na,b,c\n", ", line 1: 'label' (one) and 'labels' (any number) are both there; keep one"),
        ("path,label,source,source_id\na,b,c,d\n", ", line 1: 'source' and 'source_id' mean the same; keep one"),
        (
            "path,label\na,b\n\nc,d,e\n",
            ", line 4: 3 cells, where the names of the columns are 2; put a cell that holds",
        ),
        ("path,label\na\n", ", line 2: 1 cells, where the names of the columns are 2;"),
        ('path,label\na,b\n"c,d\n', ", line 3: unexpected end of data"),
        ("path,label\n,b\n", ", line 2: the path is empty; give the file of the clip"),
        ("path,label\na,b\n  ,b\n", ", line 3: the path is empty; give the file of the clip"),
        ("path,labels\na,b||c\n", ", line 2: the label '' is empty; give it a name or leave it out"),
        ("path,labels\na,b|c|b\n", ", line 2: the label 'b' is there twice; give it once"),
        ("path,label,onset\na,b,soon\n", ", line 2: onset='soon' is no number; give seconds, such as 1.25"),
        ("path,label,onset_s\na,b,-1\n", ", line 2: onset_s=-1.0 is no place in a sound; give seconds from its start"),
        ("path,label,onset_s\na,b,nan\n", ", line 2: onset_s=nan is no place in a sound"),
        ("path,label,offset\na,b,inf\n", ", line 2: offset_s=inf is not behind onset_s=0.0; give where the stretch"),
        ("path,label,onset_s,offset_s\na,b,2,2\n", ", line 2: offset_s=2.0 is not behind onset_s=2.0;"),
        ("path,label,events\na,b,1 dog\n", ", line 2: the event '1 dog' is none; write its seconds and its label,"),
        ("path,label,events\na,b,1-1.2.3 dog\n", ", line 2: offset_s='1.2.3' is no number"),
        ("path,label,events\na,b,2-1 dog\n", ", line 2: offset_s=1.0 is not behind onset_s=2.0;"),
        (b"path,label\na.wav,dog\nb.wav,caf\xe9\n", ", line 3: this is not UTF-8 text; save the file as UTF-8"),
    ],
)
def test_what_is_wrong_with_a_table_is_said(tmp_path, text, sentence):
    assert problem_of(tmp_path, text).startswith(sentence)


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        ("{'path'", "this is no JSON ("),
        ("[" * 100_000, "this is no JSON ("),
        ("1" * 10_000, "this is no JSON ("),
        ('["a"]', """['a'] is no object; give one a line, such as {"path": "a.wav", "labels": ["dog"]}"""),
        ('{"path": "a"}', "there is no 'labels' or 'label' among 'path'; rename what is meant, or add it"),
        ('{"path": "a", "lable": "b"}', "'lable' is unknown; did you mean 'label'?"),
        ('{"path": null, "label": "b"}', "the path is empty"),
        ('{"path": " ", "label": "b"}', "the path is empty"),
        ('{"path": 1.5, "label": "b"}', "path=1.5 is no string"),
        ('{"path": "a", "labels": "b"}', "labels='b' is no list; give one of strings, or one string as \"label\""),
        ('{"path": "a", "labels": [["b"]]}', "one of labels=['b'] is no string"),
        ('{"path": "a", "label": true}', "label=True is no string"),
        ('{"path": "a", "label": "b", "onset_s": "1"}', "onset_s='1' is no number; give seconds, such as 1.25"),
        ('{"path": "a", "label": "b", "onset_s": NaN}', "onset_s=nan is no place in a sound"),
        (
            '{"path": "a", "label": "b", "onset_s": 1' + "0" * 400 + "}",
            "onset_s is a number of 401 digits; give seconds",
        ),
        ('{"path": "a", "label": "b", "events": "1-2 c"}', "events='1-2 c' is no list; give one of objects with label"),
        ('{"path": "a", "label": "b", "events": [{"label": "c", "onset_s": 1}]}', "one of events is {'label': 'c', 'o"),
    ],
)
def test_what_is_wrong_with_lines_is_said(tmp_path, line, sentence):
    message = problem_of(tmp_path, '{"path": "ok.wav", "labels": []}\n' + line, "m.jsonl")
    assert message.startswith(f", line 2: {sentence}")


def test_what_is_no_manifest_is_said(tmp_path):
    for name in ("nosuch.csv", "nosuch", "nosuch.xlsx"):
        with pytest.raises(DataError, match=rf"{name}: there is no such file or folder; check the path"):
            read_clip_list(tmp_path / name)
    (tmp_path / "m.xlsx").touch()
    with pytest.raises(
        DataError, match=r"m.xlsx ends in .xlsx; a manifest is a .csv, .tsv or .jsonl file, or a folder"
    ):
        read_clip_list(tmp_path / "m.xlsx")
    with pytest.raises(DataError, match=r"m ends in nothing; a manifest is"):
        write_clip_list(tmp_path / "m", CLIPS)


def test_a_table_of_tabs_has_no_commas(tmp_path):
    sentence = ", line 1: commas stand between the columns, where tabs are needed;"
    assert problem_of(tmp_path, "path,label\na,b\n", "m.tsv").startswith(sentence)


def test_a_name_in_bytes_that_are_no_text_fits_in_lines_alone(tmp_path):
    strange = [Clip("a\udcff.wav", ("dog",))]
    write_clip_list(tmp_path / "m.jsonl", strange)
    assert read_clip_list(tmp_path / "m.jsonl").clips == tuple(strange)
    with pytest.raises(DataError, match=r"'a\\udcff.wav,dog' has bytes that are no text.*write a .jsonl manifest"):
        write_clip_list(tmp_path / "m.csv", strange)
    assert not (tmp_path / "m.csv").exists()


@pytest.mark.parametrize("what", [{"fold": " 1"}, {"source": "a "}, {"labels": ("a\n",)}])
def test_spaces_around_names_are_refused(what):
    with pytest.raises(DataError, match="has spaces around it; remove them"):
        Clip("a.wav", **what)


def test_many_clips_share_what_they_have_in_common(tmp_path):
    write_clip_list(tmp_path / "m.csv", [Clip(f"{i}.wav", ("a long label", "b"), "train") for i in range(3)])
    first, second, third = read_clip_list(tmp_path / "m.csv").clips
    assert first.labels is second.labels is third.labels
    assert first.fold is third.fold
