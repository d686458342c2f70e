"""Cells of tables that people edit in spreadsheets."""

from __future__ import annotations

from collections.abc import Iterable

from panns.data.annotations.annotation import AnnotatedSound, Annotation
from panns.data.clips.missing_values import is_missing
from panns.errors import DataError
from panns.system.safe_text import unescape_cell


def text_cell(cell: str | None) -> str:
    """Text of a cell; "" for one that is absent, empty, or without a value for pandas.

    Examples:
        >>> text_cell(" Dog"), text_cell("'=1+1.wav"), text_cell(None), text_cell("nan")
        ('Dog', '=1+1.wav', '', '')
    """
    text = unescape_cell(cell or "").strip()
    return "" if is_missing(text) else text


def number(cell: str, column: str) -> float:
    """A number of a cell, also with a decimal comma.

    Raises:
        DataError: The cell holds something else.

    Examples:
        >>> number("1.5", "OFFSET"), number("1,5", "OFFSET")
        (1.5, 1.5)
    """
    try:
        return float(cell.replace(",", ".") if cell.count(",") == 1 and "." not in cell else cell)
    except ValueError:
        raise DataError(f"{column}={cell!r:.40} is not a number; write it in digits, such as 1.25") from None


def group_by_file(
    found: Iterable[tuple[str, Annotation]], *, without_events: Iterable[str] = ()
) -> list[AnnotatedSound]:
    """Sounds in the order of their first event, then those without one."""
    sounds: dict[str, list[Annotation]] = {}
    for file, event in found:
        sounds.setdefault(file, []).append(event)
    for file in without_events:
        sounds.setdefault(file, [])
    return [AnnotatedSound(file, tuple(events)) for file, events in sounds.items()]
