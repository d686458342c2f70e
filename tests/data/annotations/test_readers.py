"""What is special in the files of one program, beside whole files in `test_annotation_file`."""

import io

import pytest

from panns.data.annotations import Annotation
from panns.data.annotations.audacity import is_audacity
from panns.data.annotations.birdnet import read_birdnet
from panns.data.annotations.elan import read_elan
from panns.data.annotations.kaleidoscope import read_kaleidoscope
from panns.data.annotations.label_studio import read_label_studio
from panns.data.annotations.raven import read_raven


def table(*rows, delimiter=","):
    return io.StringIO("".join(f"{delimiter.join(row.split('|'))}\n" for row in rows))


def test_numbers_of_rows_by_pandas_are_neither_sounds_nor_reviews():
    rows = table("|Start (s)|End (s)|Common name", "0|0|3|Dog", "1|3|6|Cat")
    (sound,) = read_birdnet(rows, ",", "dawn")
    assert (sound.file, [one.review for one in sound.annotations]) == ("dawn", ["", ""])


def test_selections_of_joined_raven_tables_that_count_from_one_each():
    header = "Selection|View|Begin Time (s)|End Time (s)|Begin Path|Species"
    row = "1|{}|0|3|{}.wav|Dog"
    rows = [row.format(view, sound) for sound in "ab" for view in ("Waveform 1", "Spectrogram 1")]
    found = read_raven(table(header, *rows, delimiter="\t"), "x")
    assert [(one.file, len(one.annotations)) for one in found] == [("a.wav", 1), ("b.wav", 1)]


def test_raven_times_in_a_file_that_is_not_the_first():
    header = "Begin Time (s)|End Time (s)|Begin Path|Label|File Offset (s)"
    (sound,) = read_raven(table(header, "100.5|101|b.wav|Dog|0.25", delimiter="\t"), "x")
    assert sound.annotations == (Annotation("Dog", 0.25, 0.75),)


@pytest.mark.parametrize("score", ["", " "])
def test_a_kaleidoscope_row_without_a_score(score):
    (sound,) = read_kaleidoscope(table("IN FILE|OFFSET|DURATION|AUTO ID|SCORE", f"a.wav|0|1|Dog|{score}"), ",")
    assert sound.annotations == (Annotation("Dog", 0.0, 1.0),)


def test_a_kaleidoscope_row_that_only_a_person_named():
    (sound,) = read_kaleidoscope(table("IN FILE|OFFSET|DURATION|AUTO ID|MANUAL ID", "a.wav|0|1||Owl"), ",")
    assert sound.annotations == (Annotation("Owl", 0.0, 1.0, review="Owl"),)


@pytest.mark.parametrize(
    ("address", "file"),
    [
        ("file:///data/take #1?.wav", "/data/take #1?.wav"),  # ELAN escapes nothing
        ("file:///data/take%20%231.wav", "/data/take #1.wav"),
        ("file:///data/100%.wav", "/data/100%.wav"),
        ("file:///C:/data/a.wav", "C:/data/a.wav"),
        ("file:////server/share/a.wav", "//server/share/a.wav"),
        ("file://localhost/a.wav", "/a.wav"),
        ("file:/a.wav", "/a.wav"),
        ("./a#1.wav", "./a#1.wav"),
        ("https://host/x/a%20b.wav?version=2", "/x/a b.wav"),
    ],
)
def test_addresses_of_elan(address, file):
    document = f'<A><HEADER><MEDIA_DESCRIPTOR MEDIA_URL="{address}"/></HEADER></A>'
    assert read_elan(io.BytesIO(document.encode()))[0].file == file


def test_tasks_of_label_studio_without_annotations():
    tasks = [{"data": {"audio": "a.wav"}, "annotations": None, "predictions": None}]
    (sound,) = read_label_studio(tasks)
    assert (sound.file, sound.annotations, sound.is_reviewed) == ("a.wav", (), False)


@pytest.mark.parametrize(
    ("line", "is_one"),
    [
        ("0\t1\tDog\n", True),
        ("0\t1\n", True),
        ("0,5\t1,5\tDog\t0.9\n", True),
        ("-1\t1\tDog\n", False),
        ("0\t1\tDog\thigh\n", False),
        ("0 1 Dog\n", False),
        ("\n", False),
    ],
)
def test_first_lines_of_audacity(line, is_one):
    assert is_audacity(line) is is_one
