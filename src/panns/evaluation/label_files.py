"""JSON files about labels: maps from labels of data to classes of a model, and thresholds of classes."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from pathlib import Path

from panns.errors import DataError, UnknownLabel
from panns.labels import Label, LabelSet
from panns.system.json_files import DamagedJson, read_json_object, to_json

_MAP_KEY = "map"


def read_label_map(path: Path, used: Iterable[str] | None = None) -> dict[str, tuple[str, ...]]:
    """Read a map from the labels of a data set to the classes of a model.

    The file is an object such as `{"dog": ["Dog", "Bark"], "rain": "Rain"}`, or one that holds it as "map".

    Args:
        path: The file.
        used: Labels to keep; None for all.

    Raises:
        DataError: The file cannot be read, or does not hold such an object.
    """
    shape = 'an object such as {"dog": ["Dog", "Bark"], "rain": "Rain"} is needed'
    content = _read_object(path, shape)
    nested = content.get(_MAP_KEY)
    entries = nested if isinstance(nested, dict) else content
    names: dict[str, tuple[str, ...]] = {}
    for label, value in entries.items():
        classes = [value] if isinstance(value, str) else value
        if not isinstance(classes, list) or not all(isinstance(name, str) for name in classes):
            raise DataError(f"{path} maps {label!r} to {value!r}; {shape}")
        names[label] = tuple(classes)
    if used is None:
        return names
    wanted = set(used)
    return {label: classes for label, classes in names.items() if label in wanted}


def read_thresholds(path: Path, labels: LabelSet, *, default: float) -> tuple[float, ...]:
    """Read the thresholds of classes; a class missing from the file has the default.

    The file is an object such as `{"Dog": 0.31, "Rain": 0.5}`.

    Raises:
        DataError: The file cannot be read, or does not hold such an object.
        UnknownLabel: The file names a class outside `labels`.
    """
    thresholds = [default] * len(labels)
    for name, value in _read_object(path, 'an object such as {"Dog": 0.31, "Rain": 0.5} is needed').items():
        if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 1:
            raise DataError(f"{path} gives {name!r} the threshold {value!r}; a probability, 0 to 1, is needed")
        try:
            thresholds[labels.find(name).index] = float(value)
        except UnknownLabel as error:
            raise UnknownLabel(f"{path}: {error}") from error
    return tuple(thresholds)


def thresholds_to_json(thresholds: Sequence[float], labels: Iterable[Label]) -> str:
    """Text of a file of thresholds. Leaves out classes with a NaN threshold, which have no clips."""
    values = zip(labels, thresholds, strict=True)
    named = {label.en: float(value) for label, value in values if not math.isnan(value)}
    return to_json(named, ascii_only=False, indent=1) + "\n"


def _read_object(path: Path, shape: str) -> dict[str, object]:
    try:
        return read_json_object(path)
    except DamagedJson as error:
        raise DataError(f"{error}; {shape}") from error
