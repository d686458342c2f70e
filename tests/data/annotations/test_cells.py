"""Cells of tables that people edit in spreadsheets."""

import pytest

from panns.data.annotations import AnnotatedSound, Annotation
from panns.data.annotations.cells import group_by_file, number, text_cell
from panns.errors import DataError

DOG, CAT = Annotation("Dog", 0.0, 1.0), Annotation("Cat", 1.0, 2.0)


@pytest.mark.parametrize(
    ("cell", "text"),
    [(" '-1", "'-1"), ("'-1 ", "-1"), (None, ""), ("NaN", ""), ("<NA>", ""), ("Nan", "Nan"), ("'", "'")],
)
def test_a_text(cell, text):
    assert text_cell(cell) == text


@pytest.mark.parametrize(("cell", "value"), [("1e3", 1000.0), (" 2,5 ", 2.5), ("-0", 0.0)])
def test_a_number(cell, value):
    assert number(cell, "x") == value


@pytest.mark.parametrize("cell", ["", "1,5.0", "1,000,000", "0:30", "three"])
def test_something_else(cell):
    with pytest.raises(DataError, match=f"SCORE={cell!r} is not a number"):
        number(cell, "SCORE")


def test_a_long_cell_is_shortened():
    with pytest.raises(DataError) as refusal:
        number("x" * 10_000, "onset")
    assert len(str(refusal.value)) < 150


def test_sounds_in_the_order_of_their_first_event():
    found = [("b", DOG), ("a", DOG), ("b", CAT)]
    assert group_by_file(found, without_events=["a", "c"]) == [
        AnnotatedSound("b", (DOG, CAT)),
        AnnotatedSound("a", (DOG,)),
        AnnotatedSound("c", ()),
    ]
