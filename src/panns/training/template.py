"""The template of a settings file: every setting with its default, below its description."""

from __future__ import annotations

import dataclasses
import inspect
import textwrap
import typing
from collections.abc import Iterator
from typing import Any, Literal

from panns.config import config_to_dict
from panns.system.json_files import to_json
from panns.training.settings import RunSettings

_WIDTH = 98  # leaves room for the "# " of a commented-out table
# Values of settings without a default.
_EXAMPLES = {"model.name": "builtin", "data.clips": "clips.csv", "train.n_steps": 1000, "teacher.name": "mn04_as"}


def render_template() -> str:
    """Render all settings as TOML for `read_settings`."""
    return "\n".join(_render_table(RunSettings, "", None)) + "\n"


def _render_table(cls: type[Any], name: str, defaults: dict[str, Any] | None) -> Iterator[str]:
    """Yield the lines of a table and its subtables.

    Args:
        cls: Dataclass of the table.
        name: Dotted name of the table; empty for the top level.
        defaults: Defaults of an outer table that replace those of the class.
    """
    hints, descriptions, inner = typing.get_type_hints(cls), _read_attributes(cls), []
    if name:
        yield f"[{name}]"
    for field in dataclasses.fields(cls):
        key = f"{name}.{field.name}" if name else field.name
        kind = _dataclass_of(hints[field.name])
        if kind is not None:
            inner.append((key, kind, field, descriptions.get(field.name, "")))
            continue
        value = _EXAMPLES[key] if key in _EXAMPLES else (defaults or {}).get(field.name, _default(field))
        description = descriptions.get(field.name, "")
        yield from _comment(description + _choices(hints[field.name], description))
        yield f"{field.name} = {_toml(value)}"
    for key, kind, field, description in inner:
        lines = _render_table(kind, key, None if _default(field) is None else config_to_dict(_default(field)))
        yield ""
        yield from _comment(description)
        # An optional table is commented out.
        yield from (f"# {line}" for line in lines) if _default(field) is None and _is_optional(hints, field) else lines


def _is_optional(hints: dict[str, Any], field: dataclasses.Field[Any]) -> bool:
    return type(None) in typing.get_args(hints[field.name])


def _default(field: dataclasses.Field[Any]) -> Any:  # noqa: ANN401 - any type of setting
    """The default of a field; None without one."""
    if field.default is not dataclasses.MISSING:
        return field.default
    return None if field.default_factory is dataclasses.MISSING else field.default_factory()


def _dataclass_of(hint: Any) -> type[Any] | None:  # noqa: ANN401 - any type hint
    return next((one for one in (hint, *typing.get_args(hint)) if dataclasses.is_dataclass(one)), None)  # type: ignore[return-value] # a class, not an instance


def _comment(text: str) -> list[str]:
    return textwrap.wrap(text, _WIDTH, initial_indent="# ", subsequent_indent="# ")


def _choices(hint: Any, description: str) -> str:  # noqa: ANN401 - any type hint
    """A sentence with the allowed words of a setting, unless its description names them all."""
    words = [to_json(word) for word in typing.get_args(hint)] if typing.get_origin(hint) is Literal else []
    return "" if all(word in description for word in words) else f" One of {', '.join(words)}."


def _toml(value: Any) -> str:  # noqa: ANN401 - any type of setting
    return "[" + ", ".join(map(_toml, value)) + "]" if isinstance(value, tuple | list) else to_json(value)


def _read_attributes(cls: type[Any]) -> dict[str, str]:
    """The description of each attribute in the docstring of a class."""
    lines = inspect.cleandoc(cls.__doc__ or "").partition("Attributes:\n")[2].splitlines()
    descriptions: dict[str, str] = {}
    name = ""
    for line in lines:
        if line and not line.startswith(" "):
            break  # the next section
        if line.startswith("    ") and not line.startswith("     "):
            name, _, descriptions[name] = (part.strip() for part in line.partition(":"))
        elif name:
            descriptions[name] += f" {line.strip()}"
    return {name: description.strip() for name, description in descriptions.items()}
