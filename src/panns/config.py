"""Convert frozen dataclasses to plain data and back, strictly: an unknown key or a wrong type is an error."""

from __future__ import annotations

import dataclasses
import difflib
import tomllib
import types
import typing
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Literal, TypeVar, Union

T = TypeVar("T")


def config_to_dict(config: Any) -> dict[str, Any]:
    """Convert a dataclass to plain data for JSON or TOML: nested dataclasses become dicts, tuples become lists.

    Examples:
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
    """Make an instance of the dataclass `cls`; missing keys take the defaults.

    Args:
        cls: A dataclass whose fields are annotated with numbers, strings, booleans, tuples, Literals, other
            dataclasses, dicts (which stay unchanged), or unions of these with None.
        data: Plain data, such as from a JSON or TOML file.
        where: Name of the table in messages, such as "optim".

    Raises:
        ValueError: A key is unknown or missing, or a value has the wrong type; the message names the nearest known key.
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
        raise ValueError(f"missing setting {prefix + missing[0]!r}; {cls.__name__} requires it")
    return cls(**values)


def merge_settings(data: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    """Merge changes into plain data, table by table; settings that `changes` does not name stay.

    Examples:
        >>> merge_settings({"lr": 1.0, "mask": {"share": 0.5, "max_s": 2.0}}, {"mask": {"share": 0.1}})
        {'lr': 1.0, 'mask': {'share': 0.1, 'max_s': 2.0}}
    """
    inner = {
        key: merge_settings(data[key], value)
        for key, value in changes.items()
        if isinstance(value, Mapping) and isinstance(data.get(key), Mapping)
    }
    return {**data, **changes, **inner}


def fill_defaults(cls: type[Any], data: Mapping[str, Any]) -> dict[str, Any]:
    """Add the defaults of settings that are newer than the data.

    The default of a new setting changes nothing, so older data keeps its meaning. Data with a removed setting is
    returned unchanged.
    """
    try:
        return config_to_dict(config_from_dict(cls, data))
    except ValueError:  # a setting was removed or has changed its meaning
        return dict(data)


def read_toml(path: Path) -> dict[str, Any]:
    """Read a TOML file.

    Raises:
        ValueError: The file is not valid TOML; the message says where.
        OSError: The file cannot be read.
    """
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as exc:
        raise ValueError(f"{path} is not a TOML file: {exc}") from exc


def set_value(cls: type[Any], data: dict[str, Any], assignment: str) -> None:
    """Set one value in plain data, as `--set` does.

    Args:
        cls: The dataclass of the data.
        data: Tables as from `read_toml`; changed in place.
        assignment: "key=value". The key is dotted; its first parts may be left out if the rest is unambiguous. The
            value is TOML. A value that is not valid TOML is a string, as is every value of a string setting.

    Raises:
        ValueError: The setting is unknown or ambiguous.
    """
    key, equals, text = (part.strip() for part in assignment.partition("="))
    if not equals:
        raise ValueError(f"{assignment!r} is not a setting; write key=value, such as optim.lr=1e-3")
    hints = dict(_settings(cls))
    known = sorted(hints)
    # A dict setting accepts any key.
    table, _, rest = next(
        ((name, ".", key[len(name) + 1 :]) for name in known if _is_table(hints[name]) and key.startswith(f"{name}.")),
        (key, "", ""),
    )
    fitting = [name for name in known if name == table] or [name for name in known if name.endswith(f".{key}")]
    if len(fitting) > 1:
        raise ValueError(f"{key!r} is ambiguous: {', '.join(fitting)}; write more of the name")
    if not fitting:
        near = difflib.get_close_matches(key, known, n=1) or difflib.get_close_matches(
            key.rpartition(".")[2], [name.rpartition(".")[2] for name in known], n=1
        )
        hint = f"did you mean {near[0]!r}?" if near else f"known are {', '.join(known)}"
        raise ValueError(f"unknown setting {key!r}; {hint}")
    *tables, name = (f"{fitting[0]}.{rest}" if rest else fitting[0]).split(".")
    for table in tables:
        data = data.setdefault(table, {})
    try:
        value = tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        value = text
    data[name] = text if hints[fitting[0]] is str and not isinstance(value, str) else value


def _is_table(hint: Any) -> bool:
    return typing.get_origin(hint) is dict


def _settings(cls: type[Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Yield the dotted name and the type of every setting of a dataclass and its nested dataclasses."""
    for name, hint in typing.get_type_hints(cls).items():
        inner = next((one for one in (hint, *typing.get_args(hint)) if dataclasses.is_dataclass(one)), None)
        if inner is None:
            yield prefix + name, hint
        else:
            yield from _settings(typing.cast("type[Any]", inner), f"{prefix}{name}.")


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
    if origin is dict:
        if not isinstance(value, Mapping):
            raise ValueError(f"{where}={value!r} must be a table of settings")
        return dict(value)
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


def first_difference(one: Any, other: Any) -> str:
    """Describe the first setting that differs between two configs in plain data; empty if they are equal.

    Examples:
        >>> first_difference({"optim": {"lr": 0.1}}, {"optim": {"lr": 0.2}})
        'optim.lr was 0.1 and is 0.2'
    """
    before, after = dict(_leaves(one)), dict(_leaves(other))
    for key in sorted(before.keys() | after.keys()):
        if before.get(key) != after.get(key):
            return f"{key} was {before.get(key)} and is {after.get(key)}"
    return ""


def _leaves(tree: Any, prefix: str = "") -> Iterator[tuple[str, Any]]:
    if not isinstance(tree, dict):
        yield prefix, tree
        return
    for key, value in tree.items():
        yield from _leaves(value, f"{prefix}.{key}" if prefix else key)
