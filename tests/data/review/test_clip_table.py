"""`clips.csv`, as a reviewer or a spreadsheet leaves it."""

import csv
from dataclasses import replace

import pytest

from panns.data.review.clip_table import TABLE, add_to_table, read_reviews, write_table_anew
from panns.data.review.detected_clips import DetectedClip
from panns.errors import DataError

DOG, CAT = (
    DetectedClip(f"{label}_a.wav", label, 0.5, "a.wav", 1.0, 2.0, 0.5, 2.5, 1.0, 2.0, "m", onset_at="2024-05-01")
    for label in ("Dog", "Cat")
)
HEADER = "clip,label,review,score,recording,onset_s,offset_s"


def table(folder, text):
    (folder / TABLE).write_text(text, encoding="utf-8")
    return folder


def text_of(folder):
    return (folder / TABLE).read_text(encoding="utf-8-sig")


def test_a_new_table(tmp_path):
    write_table_anew(tmp_path, [DOG], has_clock=True)
    add_to_table(tmp_path, [CAT], has_clock=True)
    assert text_of(tmp_path).splitlines() == [
        f"{HEADER},onset_at,offset_at",
        "Dog_a.wav,Dog,,0.500,a.wav,1.000,2.000,2024-05-01,",
        "Cat_a.wav,Cat,,0.500,a.wav,1.000,2.000,2024-05-01,",
    ]
    assert read_reviews(tmp_path) == {"Dog_a.wav": "", "Cat_a.wav": ""}


def test_no_table(tmp_path):
    assert read_reviews(tmp_path) == {}


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_any_delimiter_order_and_case(tmp_path, delimiter):
    rows = (("Review ", "CLIP"), ("yes", "Dog_a.wav"), ("", ""))
    assert read_reviews(table(tmp_path, "".join(f"{delimiter.join(row)}\n" for row in rows))) == {"Dog_a.wav": "yes"}


def test_own_columns_stay_as_they_were_written(tmp_path):
    """Also those without a name, with the name of another one, or beyond the header."""
    table(tmp_path, "clip,review,Notes,,notes\nDog_a.wav,yes,near,'=1,far,beyond\n")
    for _ in range(2):
        write_table_anew(tmp_path, [DOG], has_clock=False)
        assert text_of(tmp_path).splitlines() == [
            f"{HEADER},Notes,,notes,",
            "Dog_a.wav,Dog,yes,0.500,a.wav,1.000,2.000,near,'=1,far,beyond",
        ]


@pytest.mark.parametrize(
    "cell",
    ["two\nlines", "two\r\nlines", "old\rMac", " spaces ", "\u200fשלום", "-0.5", "=B2*2", "' =x", "tab\there", "\x0b"],
)
def test_a_cell_of_a_reviewer_comes_back_character_by_character(tmp_path, cell):
    with (tmp_path / TABLE).open("w", encoding="utf-8", newline="") as file:
        csv.writer(file, quoting=csv.QUOTE_ALL).writerows([["clip", "review", "Note"], ["Dog_a.wav", cell, cell]])
    for _ in range(2):
        write_table_anew(tmp_path, [DOG], has_clock=False)
        with (tmp_path / TABLE).open(encoding="utf-8-sig", newline="") as file:
            _, (*_, review, score, recording, onset, offset, note) = csv.reader(file)
        assert (review, note) == (cell, cell)
        assert (score, recording, onset, offset) == ("0.500", "a.wav", "1.000", "2.000")


def test_names_of_strangers_are_escaped_and_found_again(tmp_path):
    odd = replace(DOG, clip="=Dog_a.wav", label=" @Dog", recording="=1\n.wav")
    write_table_anew(tmp_path, [odd], has_clock=False)
    assert text_of(tmp_path).splitlines()[1] == "'=Dog_a.wav,' @Dog,,0.500,'=1\\n.wav,1.000,2.000"
    assert read_reviews(tmp_path) == {"=Dog_a.wav": ""}


def test_a_missing_review_of_pandas_is_none(tmp_path):
    assert read_reviews(table(tmp_path, "clip,review\nDog_a.wav,nan\nCat_a.wav,yes\n")) == {
        "Dog_a.wav": "",
        "Cat_a.wav": "yes",
    }


def test_two_rows_of_a_clip_are_joined(tmp_path):
    table(tmp_path, "clip,review,By,At\nDog_a.wav,yes,,noon\nDog_a.wav,,ann,\n")
    write_table_anew(tmp_path, [DOG], has_clock=False)
    assert text_of(tmp_path).splitlines()[1:] == ["Dog_a.wav,Dog,yes,0.500,a.wav,1.000,2.000,ann,noon"]


def test_a_removed_row_stays_removed(tmp_path):
    write_table_anew(table(tmp_path, "clip,review\nCat_a.wav,\n"), [DOG, CAT], has_clock=False)
    assert list(read_reviews(tmp_path)) == ["Cat_a.wav"]


def test_a_row_that_is_there_twice_keeps_its_review(tmp_path):
    text = "clip,review\nDog_a.wav,\nDog_a.wav,yes\nDog_a.wav,\nDog_a.wav,Yes\n"
    assert read_reviews(table(tmp_path, text)) == {"Dog_a.wav": "yes"}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (
            "clip,review\nDog_a.wav,yes\nDog_a.wav,no\n",
            r"line 3: Dog_a\.wav has two entries in .*'review', 'yes' and 'no'",
        ),
        (
            "clip,review,By\nDog_a.wav,,ann\nDog_a.wav,,bob\n",
            r"line 3: Dog_a\.wav has two entries in .*'By', 'ann' and",
        ),
        ("clip,verdict\n", "line 1: the column 'review' is missing"),
        ("", "line 1: the column 'clip' is missing"),
        ('clip,review\n"' + "x" * 200_000, "damaged table"),
    ],
)
def test_a_table_that_is_refused(tmp_path, text, words):
    with pytest.raises(DataError, match=words):
        read_reviews(table(tmp_path, text))
