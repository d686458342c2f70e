"""Clip lists in every form: reading what people write, and round trips without loss."""

from __future__ import annotations

import csv
import json
import math

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from panns.data.clip_lists import Clip, ClipList, TimedLabel, read_clip_list, write_clip_list
from panns.errors import DataError
from tests.hypothesis_examples import examples

CLIPS = (
    Clip(
        "a/b.ogg", ("Chicken, rooster", "Cluck"), "train", "17", licence="CC0 1.0", attribution='"hen", by 文\nand me'
    ),
    Clip("c.ogg", (), "test", "18", 0.0, 2.5, (TimedLabel("狗 | 猫\\", 0.25, 1.0), TimedLabel("Bark", 1e-9, 2.5))),
)


def list_in(tmp_path, text, name="m.csv"):
    path = tmp_path / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def problem_of(tmp_path, text, name="m.csv"):
    path = list_in(tmp_path, text, name)
    with pytest.raises(DataError) as caught:
        read_clip_list(path)
    message = str(caught.value)
    assert message.startswith(str(path))
    return message.removeprefix(str(path))


@pytest.mark.parametrize("suffix", [".csv", ".tsv", ".jsonl", ".CSV"])
def test_round_trip(tmp_path, suffix):
    write_clip_list(tmp_path / f"m{suffix}", CLIPS)
    assert read_clip_list(tmp_path / f"m{suffix}") == ClipList(tmp_path, CLIPS)


def test_written_table_is_readable(tmp_path):
    write_clip_list(tmp_path / "m.csv", [Clip("a.wav", ("Dog", "Bark, loud"), fold="1"), CLIPS[1]])
    assert (tmp_path / "m.csv").read_text(encoding="utf-8").splitlines() == [
        "path,labels,fold,source,onset_s,offset_s,events",
        'a.wav,"Dog|Bark, loud",1,,,,',
        "c.ogg,,test,18,0,2.5,0.25-1 狗 \\| 猫\\\\|0.000000001-2.5 Bark",
    ]


def test_written_lines_omit_empty_fields(tmp_path):
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


@pytest.mark.parametrize("suffix", [".csv", pytest.param(".tsv", marks=pytest.mark.slow), ".jsonl"])
@settings(max_examples=examples(25), suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(several=st.lists(clips(), min_size=1, max_size=4))
def test_round_trip_of_any_clips(tmp_path, suffix, several):
    write_clip_list(tmp_path / f"m{suffix}", several)
    assert read_clip_list(tmp_path / f"m{suffix}").clips == tuple(several)


def test_columns_are_found_by_name(tmp_path):
    path = list_in(tmp_path, '\ufeffspeaker, Source_ID ,offset,label,,PATH,onset\nme,7,2.5,"a|b, c",,x.wav, 1\n')
    assert read_clip_list(path).clips == (Clip("x.wav", ("a|b, c",), source="7", onset_s=1.0, offset_s=2.5),)


def test_cells_may_be_padded_or_empty(tmp_path):
    path = list_in(
        tmp_path, "path\tlabels\tfold\tonset_s\r\nx.wav\t dog | cat \t 1 \t \r\n\r\ny.wav\t\t\t\r\n", "m.tsv"
    )
    assert read_clip_list(path).clips == (Clip("x.wav", ("dog", "cat"), "1"), Clip("y.wav"))


def test_lines_of_other_programs_are_read(tmp_path):
    rows = [
        {"path": "x.wav", "label": "dog", "fold": 1, "source_id": 7, "onset": 1, "speaker": {"age": 3}},
        {"path": "y.wav", "labels": [], "source": None, "events": [{"label": "a", "onset": 0, "offset": 1}]},
    ]
    path = list_in(tmp_path, "\n\n".join(map(json.dumps, rows)), "m.jsonl")
    assert read_clip_list(path).clips == (
        Clip("x.wav", ("dog",), "1", "7", onset_s=1.0),
        Clip("y.wav", events=(TimedLabel("a", 0.0, 1.0),)),
    )


def test_paths_are_relative_to_the_list_or_absolute(tmp_path):
    listed = ClipList(tmp_path, (Clip("a/b.wav"), Clip(str(tmp_path.parent / "c.wav"))))
    assert [listed.file(clip) for clip in listed.clips] == [tmp_path / "a" / "b.wav", tmp_path.parent / "c.wav"]


def test_clip_lists_of_real_data_sets_are_read(shared):
    for path in (shared / "data").glob("*/manifest.csv"):
        with path.open(encoding="utf-8", newline="") as file:
            n_rows = sum(1 for _ in csv.DictReader(file))
        assert len(read_clip_list(path).clips) == n_rows


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("", 1, ["column names are missing"]),
        ("sound,label\na,b\n", 1, ["'path' is missing", "'sound', 'label'"]),
        ("path;label\na;b\n", 1, ["semicolons", "commas"]),
        ("path\tlabel\na\tb\n", 1, ["tabs", "commas"]),
        ("path,kind\na,b\n", 1, ["'labels' or 'label' is missing", "'path', 'kind'"]),
        ("path,lables\na,b\n", 1, ["'lables' is unknown; did you mean 'labels'?"]),
        ("pth,label\na,b\n", 1, ["'pth'", "'path'?"]),
        ("path,label,onset_ms\na,b,1\n", 1, ["'onset_ms'", "'onset_s'?"]),
        ("path,label,label\na,b,c\n", 1, ["'label' is repeated"]),
        ("path,label,labels\na,b,c\n", 1, ["'label'", "'labels'", "keep one"]),
        ("path,label,source,source_id\na,b,c,d\n", 1, ["'source'", "'source_id'", "mean the same"]),
        ("path,label\na,b\n\nc,d,e\n", 4, ["3 cells for 2 columns", "quotation marks"]),
        ("path,label\na\n", 2, ["1 cells for 2 columns"]),
        ('path,label\na,b\n"c,d\n', 3, ["unexpected end of data"]),
        ("path,label\n,b\n", 2, ["path is empty"]),
        ("path,label\na,b\n  ,b\n", 3, ["path is empty"]),
        ("path,labels\na,b||c\n", 2, ["label '' is empty"]),
        ("path,labels\na,b|c|b\n", 2, ["label 'b' is repeated"]),
        ("path,label\na,b\nc,nan\n", 3, ["label 'nan'", "missing value"]),
        ("path,labels\na,b|NaN\n", 2, ["label 'NaN'", "missing value"]),
        ("path,label,events\na,b,0-1 nan\n", 2, ["label 'nan'", "missing value"]),
        ("path,label,onset\na,b,soon\n", 2, ["onset='soon'", "number"]),
        ("path,label,onset_s\na,b,-1\n", 2, ["onset_s=-1.0"]),
        ("path,label,onset_s\na,b,nan\n", 2, ["onset_s=nan"]),
        ("path,label,offset\na,b,inf\n", 2, ["offset_s=inf", "onset_s=0.0"]),
        ("path,label,onset_s,offset_s\na,b,2,2\n", 2, ["offset_s=2.0", "onset_s=2.0"]),
        ("path,label,events\na,b,1 dog\n", 2, ["invalid event '1 dog'", "0.5-1.25 dog"]),
        ("path,label,events\na,b,1-1.2.3 dog\n", 2, ["offset_s='1.2.3'"]),
        ("path,label,events\na,b,2-1 dog\n", 2, ["offset_s=1.0", "onset_s=2.0"]),
        (b"path,label\na.wav,dog\nb.wav,caf\xe9\n", 3, ["UTF-8"]),
    ],
)
def test_invalid_table_is_refused(tmp_path, text, line, words):
    message = problem_of(tmp_path, text)
    assert message.startswith(f", line {line}: ")
    assert all(word in message for word in words)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("m.csv", "path,label,fold,source\na,b,<NA>, nan \n"),
        ("m.jsonl", '{"path": "a", "label": "b", "fold": "NaN", "source": "NaT"}\n'),
    ],
)
def test_a_missing_fold_and_source_are_unknown(tmp_path, name, text):
    """A source of that name would be one recording, and all its clips on one side of a split."""
    (tmp_path / name).write_text(text, encoding="utf-8")
    assert read_clip_list(tmp_path / name).clips == (Clip("a", ("b",)),)


def test_empty_table_is_refused(tmp_path):
    assert "lists no clips" in problem_of(tmp_path, "path,labels\n")


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("{'path'", ["invalid JSON"]),
        ("[" * 100_000, ["invalid JSON"]),
        ("1" * 10_000, ["invalid JSON"]),
        ('["a"]', ["['a']", "object"]),
        ('{"path": "a"}', ["'labels' or 'label' is missing"]),
        ('{"path": "a", "lable": "b"}', ["'lable'", "'label'?"]),
        ('{"path": null, "label": "b"}', ["path is empty"]),
        ('{"path": " ", "label": "b"}', ["path is empty"]),
        ('{"path": 1.5, "label": "b"}', ["path=1.5", "string"]),
        ('{"path": "a", "labels": "b"}', ["labels='b'", "list"]),
        ('{"path": "a", "labels": [["b"]]}', ["labels=['b']", "string"]),
        ('{"path": "a", "label": true}', ["label=True", "string"]),
        ('{"path": "a", "label": "b", "onset_s": "1"}', ["onset_s='1'", "number"]),
        ('{"path": "a", "label": "b", "onset_s": NaN}', ["NaN is not part of JSON"]),
        ('{"path": "a", "label": "nan"}', ["label 'nan'", "missing value"]),
        ('{"path": "a", "labels": ["b", "caf\\udce9"]}', [r"label 'caf\udce9'", "not text"]),
        ('{"path": "a", "label": "b", "offset_s": 1e999}', ["1e999", "too large"]),
        ('{"path": "a", "label": "b", "onset_s": 1' + "0" * 400 + "}", ["onset_s", "401 digits"]),
        ('{"path": "a", "label": "b", "events": "1-2 c"}', ["events='1-2 c'", "list"]),
        ('{"path": "a", "label": "b", "events": [{"label": "c", "onset_s": 1}]}', ["events", "{'label': 'c', 'o"]),
    ],
)
def test_invalid_line_is_refused(tmp_path, line, words):
    message = problem_of(tmp_path, '{"path": "ok.wav", "labels": []}\n' + line, "m.jsonl")
    assert message.startswith(", line 2: ")
    assert all(word in message for word in words)


def test_missing_and_foreign_files_are_refused(tmp_path):
    for name in ("nosuch.csv", "nosuch", "nosuch.xlsx"):
        with pytest.raises(DataError, match=rf"{name}: no such file or folder"):
            read_clip_list(tmp_path / name)
    (tmp_path / "m.xlsx").touch()
    with pytest.raises(DataError, match=r"m.xlsx ends in .xlsx; a clip list is a .csv"):
        read_clip_list(tmp_path / "m.xlsx")
    with pytest.raises(DataError, match=r"m ends in nothing"):
        write_clip_list(tmp_path / "m", CLIPS)


def test_tsv_with_commas_is_refused(tmp_path):
    message = problem_of(tmp_path, "path,label\na,b\n", "m.tsv")
    assert "commas" in message
    assert "tabs" in message


def test_path_that_is_not_text_needs_json_lines(tmp_path):
    strange = [Clip("a\udcff.wav", ("dog",))]
    write_clip_list(tmp_path / "m.jsonl", strange)
    assert read_clip_list(tmp_path / "m.jsonl").clips == tuple(strange)
    with pytest.raises(DataError, match=r"'a\\udcff.wav,dog'.*\.jsonl"):
        write_clip_list(tmp_path / "m.csv", strange)
    assert not (tmp_path / "m.csv").exists()


@pytest.mark.parametrize("field", [{"fold": " 1"}, {"source": "a "}, {"labels": ("a\n",)}])
def test_spaces_around_names_are_refused(field):
    with pytest.raises(DataError, match="spaces"):
        Clip("a.wav", **field)


def test_equal_labels_and_folds_share_objects(tmp_path):
    write_clip_list(tmp_path / "m.csv", [Clip(f"{i}.wav", ("a long label", "b"), "train") for i in range(3)])
    first, second, third = read_clip_list(tmp_path / "m.csv").clips
    assert first.labels is second.labels is third.labels
    assert first.fold is third.fold
