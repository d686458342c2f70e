"""Detection thresholds: probabilities, or a rate of false alarms for which a model has thresholds."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from panns.checkpoints.manifest import ModelManifest
from panns.system.arrays import Array
from panns.system.defaults import DEFAULT_THRESHOLD

Threshold: TypeAlias = float | str | Sequence[float] | npt.NDArray[np.floating] | Mapping[str, float]
"""A probability; false alarms of each class per hour, such as "1/h"; or probabilities for all classes or by label."""

_RATE = re.compile(r"\s*(\d+(?:\.\d+)?)\s*/\s*h\s*")


def resolve_thresholds(manifest: ModelManifest, threshold: Threshold | None) -> Array:
    """The detection threshold of each class.

    Args:
        manifest: The model's manifest.
        threshold: One probability for all classes, or a sequence of one for each class. A mapping sets some classes by
            label, as in `{"Siren": 0.3}`, and leaves the model's own thresholds to the others. "1/h" stands for the
            model's thresholds for one false alarm of each class per hour. None stands for the model's own thresholds,
            or 0.5 if it has none.

    Returns:
        `(classes,)` float32.

    Raises:
        ValueError: The threshold is out of range, or the model has no thresholds for that rate.
        TypeError: The threshold is of another type.
        UnknownLabel: The model has no class of that name.
    """
    n_classes = len(manifest.labels)
    chosen = manifest.event_thresholds
    own = np.full(n_classes, DEFAULT_THRESHOLD) if chosen is None else chosen
    if threshold is None:
        return np.asarray(own, np.float32)
    if isinstance(threshold, str):
        return _thresholds_for_rate(manifest, threshold)
    if isinstance(threshold, Mapping):
        named = {manifest.labels.find(name).index: _to_probability(value, name) for name, value in threshold.items()}
        return np.array([named.get(i, level) for i, level in enumerate(own)], np.float32)
    if not isinstance(threshold, Sequence | np.ndarray) or np.ndim(threshold) == 0:
        return np.full(n_classes, _to_probability(threshold), np.float32)
    if np.shape(threshold) != (n_classes,):
        raise ValueError(
            f"thresholds of shape {np.shape(threshold)} do not fit {manifest.architecture}; give one for each of its "
            f"{n_classes} classes, a single one, or some by label"
        )
    names = (label.en for label in manifest.labels)
    return np.array([_to_probability(value, name) for value, name in zip(threshold, names, strict=True)], np.float32)


def parse_threshold(text: str) -> float | str:
    """Read a threshold from a text.

    Raises:
        ValueError: The text is neither a probability nor a rate.

    Examples:
        >>> parse_threshold("0.3"), parse_threshold("10/h")
        (0.3, '10/h')
    """
    if _RATE.fullmatch(text):
        return text.strip()
    try:
        probability = float(text)
    except ValueError:
        probability = float("nan")
    if not 0 <= probability <= 1:
        raise ValueError(
            f"invalid threshold {text!r}; use a probability from 0 to 1, or false alarms per hour such as 1/h"
        )
    return probability


def _to_probability(value: object, label: str | None = None) -> float:
    of_label = "" if label is None else f" for {label}"
    if isinstance(value, bool | np.bool_) or not isinstance(value, int | float | np.integer | np.floating):
        raise TypeError(f"threshold={value!r}{of_label} must be a number; use a probability from 0 to 1")
    if not 0 <= value <= 1:
        raise ValueError(f"threshold={value:g}{of_label} is out of range; use a probability from 0 to 1")
    return float(value)


def _thresholds_for_rate(manifest: ModelManifest, text: str) -> Array:
    match = _RATE.fullmatch(text)
    if match is None:
        raise ValueError(f"invalid threshold={text!r}; use false alarms per hour such as '1/h', or a probability")
    rates = {point.false_alarms_per_hour: point.thresholds for point in manifest.operating_points}
    if (rate := float(match[1])) not in rates:
        known = " or ".join(f"{one:g}/h" for one in sorted(rates))
        remedy = f"use {known}, or a probability" if known else "use a probability"
        raise ValueError(
            f"{manifest.architecture} has no thresholds for {rate:g} false alarms per hour; {remedy} from 0 to 1"
        )
    return np.asarray(rates[rate], np.float32)
