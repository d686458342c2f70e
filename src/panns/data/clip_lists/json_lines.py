"""Clip lists as JSON lines, one object per line.

{"path": "a.ogg", "labels": ["Dog"], "fold": "1", "events": [{"label": "Dog", "onset_s": 0.5, "offset_s": 1.25}]}
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from sys import intern
from typing import Any, TextIO

from panns.data.clip_lists.columns import find_columns
from panns.data.clip_lists.json_values import number_value, text_value
from panns.data.clip_lists.label_cells import parse_label_list
from panns.data.clips.clip import Clip, TimedLabel
from panns.data.clips.missing_values import is_missing
from panns.errors import DataError
from panns.system.json_files import parse_json, to_json

# Fields with few different values in millions of clips: equal values share one object.
_SHARED_FIELDS = {"labels", "fold", "licence"}


def read_lines(file: TextIO) -> Iterator[Clip]:
    """Read the clips of a file of JSON lines.

    Raises:
        DataError: A line is not a valid clip; the message begins with its number.
    """
    known: dict[tuple[str, ...], dict[str, str]] = {}
    shared: dict[Any, Any] = {}
    for number, line in enumerate(file, start=1):
        if line.isspace():
            continue
        try:
            row = _parse_object(line)
            keys = tuple(row)
            if keys not in known:
                known[keys] = {field: keys[place] for field, place in find_columns(keys).items()}
            fields: dict[str, Any] = {field: _READERS[field](row[key], key) for field, key in known[keys].items()}
            if "label" in fields:
                fields["labels"] = fields.pop("label")
            for field in fields.keys() & _SHARED_FIELDS:
                fields[field] = shared.setdefault(fields[field], fields[field])
            yield Clip(**fields)
        except DataError as exc:
            raise DataError(f"line {number}: {exc}") from exc


def write_lines(file: TextIO, clips: Sequence[Clip]) -> None:
    """Write clips as JSON lines, without empty fields."""
    for clip in clips:
        row: dict[str, Any] = {"path": clip.path, "labels": list(clip.labels)}
        for name in ("fold", "source", "onset_s", "offset_s", "licence", "attribution"):
            if (value := getattr(clip, name)) not in (None, ""):
                row[name] = value
        if clip.events:
            row["events"] = [
                {"label": one.label, "onset_s": one.onset_s, "offset_s": one.offset_s} for one in clip.events
            ]
        file.write(_json(row) + "\n")


def _json(row: Mapping[str, Any]) -> str:
    text = to_json(row, ascii_only=False)
    # Bytes of a file name that are not text appear as lone surrogates, which UTF-8 cannot encode.
    return text if text.isascii() or not any("\ud800" <= char <= "\udfff" for char in text) else to_json(row)


def _parse_object(line: str) -> dict[str, Any]:
    try:
        row = parse_json(line)
    except ValueError as exc:
        raise DataError(f"invalid JSON ({exc}); give one object per line") from None
    if not isinstance(row, dict):
        raise DataError(
            f'{row!r:.40} is not an object; give one per line, such as {{"path": "a.wav", "labels": ["dog"]}}'
        )
    return row


def _name(value: object, key: str) -> str:
    return text_value(value, key).strip()


def _known_name(value: object, key: str) -> str:
    """A fold or a source, for which no value means what null does."""
    name = _name(value, key)
    return "" if is_missing(name) else name


def _label(value: object, key: str) -> tuple[str, ...]:
    label = _name(value, key)
    if (listed := parse_label_list(label)) is not None:
        return listed
    return (label,) if label else ()


def _labels(value: object, key: str) -> tuple[str, ...]:
    if isinstance(value, str) and (listed := parse_label_list(value)) is not None:
        return listed
    if not isinstance(value, list):
        raise DataError(f'{key}={value!r:.40} is not a list; give a list of strings, or a single string as "label"')
    return tuple(intern(_name(one, f"one of {key}")) for one in value)


def _events(value: object, key: str) -> tuple[TimedLabel, ...]:
    if value is None:
        return ()
    if not isinstance(value, list):
        raise DataError(f"{key}={value!r:.40} is not a list; give a list of objects with label, onset_s and offset_s")
    return tuple(_event(one, key) for one in value)


def _event(value: object, key: str) -> TimedLabel:
    if isinstance(value, dict):
        times = [value.get(name, value.get(name.removesuffix("_s"))) for name in ("onset_s", "offset_s")]
        onset_s, offset_s = (number_value(time, f"{key}: a time") for time in times)
        if "label" in value and onset_s is not None and offset_s is not None:
            return TimedLabel(_name(value["label"], f"{key}: label"), onset_s, offset_s)
    raise DataError(f"{key} holds {value!r:.60}; give objects with label, onset_s and offset_s")


_READERS = {
    "path": text_value,
    "labels": _labels,
    "label": _label,
    "fold": _known_name,
    "source": _known_name,
    "onset_s": number_value,
    "offset_s": number_value,
    "events": _events,
    "licence": text_value,
    "attribution": text_value,
}
