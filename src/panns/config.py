"""Frozen dataclasses from plain data and back, strictly: an unknown key or a wrong type is a sentence, not a guess."""

from __future__ import annotations

import dataclasses
import difflib
import types
import typing
from collections.abc import Mapping
from typing import Any, Literal, TypeVar, Union

T = TypeVar("T")


def config_to_dict(config: Any) -> dict[str, Any]:
    """Plain data for JSON or TOML: nested dataclasses become dicts, tuples become lists.

    Example:
        >>> @dataclasses.dataclass(frozen=True)
        ... class Pair:
        ...     sizes: tuple[int, ...] = (1, 2)
        >>> config_to_dict(Pair())
        {'sizes': [1, 2]}
    """
    return {field.name: _to_plain(getattr(config, field.name)) for field in dataclasses.fields(config)}


def _to_plain(value: Any) -> Any:
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return config_to_dict(value)
    if isinstance(value, tuple):
        return [_to_plain(item) for item in value]
    return value


def config_from_dict(cls: type[T], data: Mapping[str, Any], *, where: str = "") -> T:
    """An instance of the dataclass `cls`; missing keys take the defaults.

    Args:
        cls: A dataclass whose fields are annotated with numbers, strings, booleans, tuples, Literals, other
            dataclasses, or unions of these with None.
        data: What a JSON or TOML file held.
        where: Name of the place in messages, such as "optim".

    Raises:
        ValueError: An unknown or missing key, or a value of the wrong type; the message names the nearest known key.
    """
    if not isinstance(data, Mapping):
        raise ValueError(f"{where or cls.__name__} is {data!r}; it must be a table of settings")  # noqa: TRY004 - settings are values
    hints = typing.get_type_hints(cls)
    fields = {field.name: field for field in dataclasses.fields(cls)}  # type: ignore[arg-type] # T is a dataclass
    prefix = f"{where}." if where else ""
    for key in data:
        if key not in fields:
            near = difflib.get_close_matches(key, fields, n=1)
            hint = f"did you mean {prefix + near[0]!r}?" if near else f"known are {', '.join(sorted(fields))}"
            raise ValueError(f"unknown setting {prefix + key!r}; {hint}")
    values = {key: _convert(hints[key], value, prefix + key) for key, value in data.items()}
    missing = [
        name
        for name, field in fields.items()
        if name not in values and field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING
    ]
    if missing:
        raise ValueError(f"missing setting {prefix + missing[0]!r}; {cls.__name__} cannot do without it")
    return cls(**values)


def _convert(hint: Any, value: Any, where: str) -> Any:
    origin, args = typing.get_origin(hint), typing.get_args(hint)
    if origin in (Union, types.UnionType):
        if value is None and type(None) in args:
            return None
        options = [option for option in args if option is not type(None)]
        if len(options) == 1:
            return _convert(options[0], value, where)
        return _convert_to_first_fitting(options, value, where)
    if origin is Literal:
        if value not in args:
            raise ValueError(f"{where}={value!r} is not one of {', '.join(map(repr, args))}")
        return value
    if origin is tuple:
        if not isinstance(value, list | tuple):
            raise ValueError(f"{where}={value!r} must be a list")
        if len(args) == 2 and args[1] is Ellipsis:
            return tuple(_convert(args[0], item, f"{where}[{i}]") for i, item in enumerate(value))
        if len(value) != len(args):
            raise ValueError(f"{where}={value!r} must have {len(args)} values")
        return tuple(
            _convert(arg, item, f"{where}[{i}]") for i, (arg, item) in enumerate(zip(args, value, strict=True))
        )
    if dataclasses.is_dataclass(hint):
        config_class = typing.cast("type[Any]", hint)
        return value if isinstance(value, config_class) else config_from_dict(config_class, value, where=where)
    if hint is float and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    if isinstance(value, hint) and (hint is bool or not isinstance(value, bool)):
        return value
    raise ValueError(f"{where}={value!r} must be of type {hint.__name__}")


def _convert_to_first_fitting(options: list[Any], value: Any, where: str) -> Any:
    problems = []
    for option in options:
        try:
            return _convert(option, value, where)
        except ValueError as problem:
            problems.append(str(problem))
    raise ValueError("; or ".join(problems))
