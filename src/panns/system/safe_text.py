"""Text of strangers, such as names of files, made safe for terminals and spreadsheets."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable

CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069]")
"""Characters that move the cursor, colour the terminal, end a line or change the writing direction."""
# Spreadsheets compute a cell that begins like this, in some languages also with the full-width signs.
_FORMULA = ("=", "+", "-", "@", "\uff1d", "\uff0b", "\uff0d", "\uff20")


def printable(text: str) -> str:
    r"""Escape control characters, because file names may come from strangers.

    >>> printable("a\x1b[2Jb\n.wav")
    'a\\x1b[2Jb\\n.wav'
    """
    return CONTROL.sub(lambda match: match[0].encode("unicode_escape").decode("ascii"), text)


def spreadsheet_cell(value: object) -> object:
    """Escape a text that a spreadsheet would compute, because file names may come from strangers; numbers stay.

    Examples:
        >>> spreadsheet_cell("=1+1.wav"), spreadsheet_cell("-"), spreadsheet_cell(-0.5), spreadsheet_cell("\uff1d1")
        ("'=1+1.wav", '-', -0.5, "'\uff1d1")
    """
    if not isinstance(value, str):
        return value
    text = printable(value)
    return f"'{text}" if len(text) > 1 and text.startswith(_FORMULA) else text


def tsv_text(rows: Iterable[Iterable[object]]) -> str:
    """Rows as tab-separated values; tabs inside values are escaped."""
    return "".join("\t".join(str(spreadsheet_cell(cell)) for cell in row) + "\n" for row in rows)


def csv_text(rows: Iterable[Iterable[object]]) -> str:
    """Rows as comma-separated values."""
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows([spreadsheet_cell(cell) for cell in row] for row in rows)
    return text.getvalue()
