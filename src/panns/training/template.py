"""All settings of a run as a settings file: each with its default, and above it what it means."""

from __future__ import annotations

import dataclasses
import inspect
import json
import textwrap
import typing
from collections.abc import Iterator
from typing import Any, Literal

from panns.config import config_to_dict
from panns.training.settings import RunSettings

_WIDTH = 100
# What has no default, and is another for everybody.
_EXAMPLES = {"model.name": "builtin", "data.clips": "clips.csv", "train.n_steps": 1000, "teacher.name": "mn04_as"}


def template() -> str:
    """TOML, which `read_settings` takes."""
    return "\n".join(_table(RunSettings, "", None)) + "\n"


def _table(cls: type[Any], name: str, defaults: dict[str, Any] | None) -> Iterator[str]:
    """The lines of one table and of those in it.

    Args:
        cls: The dataclass that it is read as.
        name: With dots; empty for the outermost.
        defaults: Where an outer table has others than the class.
    """
    hints, meanings, inner = typing.get_type_hints(cls), _meanings(cls), []
    if name:
        yield f"[{name}]"
    for field in dataclasses.fields(cls):
        key = f"{name}.{field.name}" if name else field.name
        kind = _dataclass_of(hints[field.name])
        if kind is not None:
            inner.append((key, kind, field, meanings.get(field.name, "")))
            continue
        value = _EXAMPLES[key] if key in _EXAMPLES else (defaults or {}).get(field.name, _default(field))
        meaning = meanings.get(field.name, "")
        yield from _comment(meaning + _choices(hints[field.name], meaning))
        yield f"{field.name} = {_toml(value)}"
    for key, kind, field, meaning in inner:
        lines = _table(kind, key, None if _default(field) is None else config_to_dict(_default(field)))
        yield ""
        yield from _comment(meaning)
        # What is not there unless it is asked for.
        yield from (f"# {line}" for line in lines) if _default(field) is None and _is_optional(hints, field) else lines


def _is_optional(hints: dict[str, Any], field: dataclasses.Field[Any]) -> bool:
    return type(None) in typing.get_args(hints[field.name])


def _default(field: dataclasses.Field[Any]) -> Any:  # noqa: ANN401 - whatever a setting may be
    """None where there is none."""
    if field.default is not dataclasses.MISSING:
        return field.default
    return None if field.default_factory is dataclasses.MISSING else field.default_factory()


def _dataclass_of(hint: Any) -> type[Any] | None:  # noqa: ANN401 - whatever may stand behind a name
    return next((one for one in (hint, *typing.get_args(hint)) if dataclasses.is_dataclass(one)), None)  # type: ignore[return-value] # a class, not an instance


def _comment(text: str) -> list[str]:
    return textwrap.wrap(text, _WIDTH, initial_indent="# ", subsequent_indent="# ")


def _choices(hint: Any, meaning: str) -> str:  # noqa: ANN401 - whatever may stand behind a name
    """What a setting may be, where it is one of some words that are not all explained."""
    words = [json.dumps(word) for word in typing.get_args(hint)] if typing.get_origin(hint) is Literal else []
    return "" if all(word in meaning for word in words) else f" One of {', '.join(words)}."


def _toml(value: Any) -> str:  # noqa: ANN401 - whatever a setting may be
    return "[" + ", ".join(map(_toml, value)) + "]" if isinstance(value, tuple | list) else json.dumps(value)


def _meanings(cls: type[Any]) -> dict[str, str]:
    """What the docstring of a class says of each attribute."""
    lines = inspect.cleandoc(cls.__doc__ or "").partition("Attributes:\n")[2].splitlines()
    meanings: dict[str, str] = {}
    name = ""
    for line in lines:
        if line and not line.startswith(" "):
            break  # the next section
        if line.startswith("    ") and not line.startswith("     "):
            name, _, meanings[name] = (part.strip() for part in line.partition(":"))
        elif name:
            meanings[name] += f" {line.strip()}"
    return {name: meaning.strip() for name, meaning in meanings.items()}
