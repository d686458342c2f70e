"""Text of strangers, such as names of files, made safe for terminals and spreadsheets."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable

CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069]")
"""Characters that move the cursor, colour the terminal, end a line or change the writing direction."""
# Spreadsheets compute a cell that begins like this, also after spaces, which they remove when they import a table, and
# in some languages with the full-width signs. An apostrophe keeps them from it, and is doubled where it is there.
_FORMULA = re.compile(r"'*\s*[=+@\uff1d\uff0b\uff0d\uff20-].", re.DOTALL)


def printable(text: str) -> str:
    r"""Escape control characters, because file names may come from strangers.

    >>> printable("a\x1b[2Jb\n.wav")
    'a\\x1b[2Jb\\n.wav'
    """
    return CONTROL.sub(lambda match: match[0].encode("unicode_escape").decode("ascii"), text)


def spreadsheet_cell(value: object) -> object:
    """Escape a text that a spreadsheet would compute, because file names may come from strangers; numbers stay.

    Examples:
        >>> spreadsheet_cell("=1+1.wav"), spreadsheet_cell("-"), spreadsheet_cell(-0.5), spreadsheet_cell(" =1")
        ("'=1+1.wav", '-', -0.5, "' =1")
    """
    if not isinstance(value, str):
        return value
    text = printable(value)
    return f"'{text}" if _FORMULA.match(text) else text


def unescape_cell(cell: str) -> str:
    """Text of a cell without the apostrophe that keeps spreadsheets from computing it.

    Examples:
        >>> unescape_cell("'=1+1.wav"), unescape_cell("'tis")
        ('=1+1.wav', "'tis")
    """
    return cell[1:] if cell.startswith("'") and _FORMULA.match(cell) else cell


def tsv_text(rows: Iterable[Iterable[object]]) -> str:
    """Rows as tab-separated values; tabs inside values are escaped."""
    return "".join("\t".join(str(spreadsheet_cell(cell)) for cell in row) + "\n" for row in rows)


def csv_text(rows: Iterable[Iterable[object]]) -> str:
    """Rows as comma-separated values, with the texts of strangers made safe."""
    return csv_rows([spreadsheet_cell(cell) for cell in row] for row in rows)


def csv_rows(rows: Iterable[Iterable[object]]) -> str:
    """Rows as comma-separated values, with every cell as it is."""
    text = io.StringIO()
    plain = csv.writer(text, lineterminator="\n")
    # csv does not quote a lone carriage return, which readers take for the end of the line.
    quoted = csv.writer(text, lineterminator="\n", quoting=csv.QUOTE_ALL)
    for row in rows:
        cells = list(row)
        (quoted if any(isinstance(cell, str) and "\r" in cell for cell in cells) else plain).writerow(cells)
    return text.getvalue()


def without_password(address: str) -> str:
    """The address without its user and password, for messages.

    Examples:
        >>> without_password("rtsp://me:secret@camera/1")
        'rtsp://camera/1'
    """
    scheme, mark, rest = address.partition("://")
    host, slash, path = rest.partition("/")
    return f"{scheme}{mark}{host.rpartition('@')[2]}{slash}{path}"
