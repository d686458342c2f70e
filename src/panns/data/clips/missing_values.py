"""Missing values, as pandas and numpy write them where a column holds texts."""

from __future__ import annotations

_WORDS = frozenset({"nan", "NaN", "NaT", "<NA>"})


def is_missing(text: str) -> bool:
    """True for a text that stands for a value that is not there.

    Examples:
        >>> is_missing("nan"), is_missing(" <NA> "), is_missing("Nan"), is_missing("")
        (True, True, False, False)
    """
    return text.strip() in _WORDS
