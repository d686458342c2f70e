"""Lists of labels in one cell, as spreadsheets and pandas write them."""

from __future__ import annotations

import ast
import re
from collections.abc import Sequence

from panns.errors import DataError
from panns.system.json_files import parse_json

# Brackets of a list, tuple, set or array in Python or JSON, directly around a quoted text at the start or the end, also
# nested; or a list of nothing.
_LIST = re.compile(
    r"""\s*(?:[A-Za-z]+\()?(?:[\[({]+\s*['"].*[\])}]|[\[({].*['"]\s*(?:,\s*)?[\])}]+|\[\s*(?:nan|None)?\s*\])\s*""",
    re.DOTALL,
)
_QUOTED = re.compile(r"""'((?:[^'\\]|\\.)*)'|"((?:[^"\\]|\\.)*)\"""")


def parse_label_list(cell: str) -> tuple[str, ...] | None:
    r"""Labels of a cell that holds a list in the notation of Python, numpy or JSON; None for any other cell.

    Raises:
        DataError: The list is incomplete, or holds something else than texts.

    Examples:
        >>> parse_label_list("['dog', 'rain']"), parse_label_list('["Chicken, rooster"]'), parse_label_list("[]")
        (('dog', 'rain'), ('Chicken, rooster',), ())
        >>> parse_label_list("['dog' 'rain']"), parse_label_list("dog")
        (('dog', 'rain'), None)
    """
    if not _LIST.fullmatch(cell):
        return None
    parsed = _parse_json(cell)
    if parsed is None:
        parsed = _parse_python(cell)
    labels = [label.strip() for label in parsed or () if isinstance(label, str)]
    if parsed is None or len(labels) != len(parsed):
        raise DataError(f"{cell.strip()!r:.60} is not a list of labels; write them as dog|rain, or as ['dog', 'rain']")
    return tuple(labels)


def _parse_json(cell: str) -> Sequence[object] | None:
    try:
        parsed = parse_json(cell)
    except ValueError:
        return None
    return parsed if isinstance(parsed, list) else None


def _parse_python(cell: str) -> Sequence[object] | None:
    inside = cell.strip()[1:-1]
    if not _QUOTED.sub("", inside).strip():  # numpy separates texts by spaces; Python would join them
        found = [one or other for one, other in _QUOTED.findall(inside)]
        return [label.replace("\\'", "'").replace('\\"', '"') for label in found]
    try:
        parsed = ast.literal_eval(cell.strip())
    except (ValueError, SyntaxError, RecursionError, MemoryError):
        return None
    if isinstance(parsed, str):  # a text in parentheses
        return [parsed]
    if isinstance(parsed, set):
        return sorted(parsed, key=lambda one: cell.find(str(one)))  # sets have no order of their own
    return parsed if isinstance(parsed, list | tuple) else None
