"""Values of JSON that people and other programs write: texts and numbers, checked and converted."""

from __future__ import annotations

from panns.errors import DataError


def text_value(value: object, key: str) -> str:
    """Text of a string or a number, which is common as fold and source; "" for null.

    Raises:
        DataError: It is something else; the message calls it `key`.
    """
    if value is None:
        return ""
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    if not isinstance(value, str):
        raise DataError(f"{key}={value!r:.40} is not a string; put it in quotation marks")
    return value


def number_value(value: object, key: str) -> float | None:
    """A finite or infinite number; None for null.

    Raises:
        DataError: It is something else, or too large; the message calls it `key`.
    """
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise DataError(f"{key}={value!r:.40} is not a number; give seconds, such as 1.25")
    try:
        return float(value)
    except OverflowError:
        raise DataError(f"{key} has {len(str(value))} digits; give seconds, such as 1.25") from None


def seconds_value(value: object, key: str) -> float:
    """A number that must be there.

    Raises:
        DataError: It is missing, something else, or too large.
    """
    number = number_value(value, key)
    if number is None:
        raise DataError(f"{key} is missing; give seconds, such as 1.25")
    return number
