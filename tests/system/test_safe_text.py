"""Cells that spreadsheets would compute, and characters that move a terminal's cursor."""

import csv
import io

import pytest

from panns.system.safe_text import csv_rows, csv_text, spreadsheet_cell, tsv_text, unescape_cell

SIGNS = "=+-@\uff1d\uff0b\uff0d\uff20"


@pytest.mark.parametrize("sign", SIGNS)
@pytest.mark.parametrize("start", ["", " ", "   ", "\u00a0", "\u3000", "\u2003 "])
def test_a_formula_begins_with_an_apostrophe_also_after_spaces(start, sign):
    """Google Sheets and others remove spaces around a cell when they import a table."""
    cell = f"{start}{sign}HYPERLINK(1)"
    assert spreadsheet_cell(cell) == f"'{cell}"
    assert unescape_cell(f"'{cell}") == cell


@pytest.mark.parametrize("text", ["", "-", " =", "a=1", "'tis", "'", "1-2", " 5", "rain"])
def test_other_texts_stay(text):
    assert spreadsheet_cell(text) == text
    assert unescape_cell(text) == text


@pytest.mark.parametrize("text", ["=1", "'=1", "''=1", "' -x.wav", " '=1", "'='", "= =", "'", "''", "'a", "-.wav"])
def test_every_text_comes_back(text):
    """Also the name of a file that begins with an apostrophe and a sign."""
    escaped = spreadsheet_cell(text)
    assert unescape_cell(escaped) == text
    assert unescape_cell(spreadsheet_cell(escaped)) == escaped


def test_a_line_break_before_a_sign_is_written_out():
    assert csv_text([["\n=1", "\t=1", "\r@x"]]) == "\\n=1,\\t=1,\\r@x\n"
    assert tsv_text([["\n=1", " =1"]]) == "\\n=1\t' =1\n"


@pytest.mark.parametrize("cell", ["a\nb", "a\r\nb", "a\rb", "\r", "\u200fשלום", 'say "hi", then\tgo', "=1", ""])
def test_rows_with_every_cell_as_it_is(cell):
    rows = [["x", cell], [cell, "y"]]
    assert list(csv.reader(io.StringIO(csv_rows(rows), newline=""))) == rows
