"""JSON text and files; the only writer and reader of JSON in the package.

JSON has neither NaN nor infinity, and no other language reads the words that Python writes for them. They become null.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any, NoReturn

from panns.system.files import read_regular, replacing

_MAX_BYTES = 1 << 30  # the report of a check of ten million clips


class DamagedJson(ValueError):
    """A file is missing, unreadable or not JSON; the message names it and says why."""


def to_json(
    value: object,
    *,
    ascii_only: bool = True,
    indent: int | None = None,
    is_compact: bool = False,
    sorts_keys: bool = False,
) -> str:
    """JSON text of plain data; a number that is not finite becomes null.

    Args:
        value: Dicts, lists, tuples, texts, numbers, truth values and None.
        ascii_only: True to escape all other characters.
        indent: Spaces for each level; None for one line.
        is_compact: True to leave out spaces after commas and colons.
        sorts_keys: True to sort the keys of all dicts.

    Examples:
        >>> to_json({"score": float("nan"), "tags": ("dog",)})
        '{"score": null, "tags": ["dog"]}'
    """
    encode = partial(
        json.dumps,
        ensure_ascii=ascii_only,
        indent=indent,
        separators=(",", ":") if is_compact else None,
        sort_keys=sorts_keys,
        allow_nan=False,
    )
    try:
        return encode(value)
    except ValueError:
        return encode(_without_nan(value))


def write_json(path: Path, value: object, *, indent: int | None = 1, is_compact: bool = False) -> None:
    """Write a JSON file atomically."""
    with replacing(path) as unfinished:
        unfinished.write_text(to_json(value, indent=indent, is_compact=is_compact) + "\n", encoding="utf-8")


def parse_json(text: str | bytes) -> Any:  # noqa: ANN401 - whatever the text holds
    """Parse JSON from a stranger.

    Raises:
        ValueError: The text is not JSON, is nested too deeply, or holds a number that is not finite, is above 1.8e308
            or has thousands of digits.
    """
    try:
        return json.loads(text, parse_float=_finite, parse_constant=_refuse_constant)
    except RecursionError as exc:
        raise ValueError("nested too deeply") from exc


def read_json(path: Path) -> Any:  # noqa: ANN401 - whatever the file holds
    """Read a JSON file.

    Raises:
        DamagedJson: The file is missing, unreadable, not a regular file, or not JSON.
    """
    try:
        content = read_regular(path, max_bytes=_MAX_BYTES)
    except OSError as exc:
        raise DamagedJson(f"{path} cannot be read ({exc.strerror or exc})") from exc
    try:
        return parse_json(content)
    except ValueError as exc:  # also text that is not UTF-8
        raise DamagedJson(f"{path} is {f'not JSON ({exc})' if content.strip() else 'empty'}") from exc


def read_json_object(path: Path) -> dict[str, Any]:
    """Read a JSON file that holds an object.

    Raises:
        DamagedJson: The file is missing, unreadable, or holds anything else.
    """
    value = read_json(path)
    if not isinstance(value, dict):
        raise DamagedJson(f"{path} is not a JSON object")
    return value


def _finite(text: str) -> float:
    number = float(text)
    if math.isinf(number):
        raise ValueError(f"the number {text:.20} is too large")
    return number


def _refuse_constant(word: str) -> NoReturn:
    raise ValueError(f"{word} is not part of JSON; write null instead")


def _without_nan(value: object) -> object:
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {key: _without_nan(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [_without_nan(one) for one in value]
    return value
