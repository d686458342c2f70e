"""From which probability each class sounds, told as a probability or as a rate of false alarms."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from panns.checkpoints.manifest import ModelManifest
from panns.results import Array
from panns.system.defaults import DEFAULT_THRESHOLD

Threshold: TypeAlias = float | str | Sequence[float] | npt.NDArray[np.floating] | Mapping[str, float]
"""A probability; a rate of false alarms of each class such as "1/h"; or probabilities, of all classes or by label."""

_RATE = re.compile(r"\s*(\d+(?:\.\d+)?)\s*/\s*h\s*")


def thresholds_of(manifest: ModelManifest, threshold: Threshold | None) -> Array:
    """From which probability each class sounds, `(classes,)`.

    Args:
        manifest: Of the model.
        threshold: One probability for all classes, or one for each; by label for those named, `{"Siren": 0.3}`, and
            the model's own for the others; "1/h" for the thresholds that were chosen for one false alarm of each class
            in an hour; None for the model's own, or 0.5 where it has none.

    Raises:
        ValueError: It is none of these, or the model has no thresholds for that rate.
        UnknownLabel: The model has no class of that name.
    """
    n_classes = len(manifest.labels)
    chosen = manifest.event_thresholds
    own = np.full(n_classes, DEFAULT_THRESHOLD) if chosen is None else chosen
    if threshold is None:
        return np.asarray(own, np.float32)
    if isinstance(threshold, str):
        return _for_rate(manifest, threshold)
    if isinstance(threshold, Mapping):
        named = {manifest.labels.find(name).index: _probability(value, name) for name, value in threshold.items()}
        return np.array([named.get(i, level) for i, level in enumerate(own)], np.float32)
    if not isinstance(threshold, Sequence | np.ndarray) or np.ndim(threshold) == 0:
        return np.full(n_classes, _probability(threshold), np.float32)
    if np.shape(threshold) != (n_classes,):
        raise ValueError(
            f"thresholds of shape {np.shape(threshold)}; {manifest.architecture} needs one for each of {n_classes} "
            "classes, a single one, or some by label"
        )
    names = (label.en for label in manifest.labels)
    return np.array([_probability(value, name) for value, name in zip(threshold, names, strict=True)], np.float32)


def _probability(value: object, label: str | None = None) -> float:
    of_label = "" if label is None else f" for {label}"
    if isinstance(value, bool | np.bool_) or not isinstance(value, int | float | np.integer | np.floating):
        raise TypeError(f"threshold={value!r}{of_label} is no number; give a probability, 0 to 1")
    if not 0 <= value <= 1:
        raise ValueError(f"threshold={value:g}{of_label} is no probability; give one of 0 to 1")
    return float(value)


def read_threshold(text: str) -> float | str:
    """A threshold in a text.

    Raises:
        ValueError: It is neither a probability nor a rate.

    Example:
        >>> read_threshold("0.3"), read_threshold("10/h")
        (0.3, '10/h')
    """
    if _RATE.fullmatch(text):
        return text.strip()
    try:
        probability = float(text)
    except ValueError:
        probability = float("nan")
    if not 0 <= probability <= 1:
        raise ValueError(f"{text!r} is no threshold; give a probability, 0 to 1, or false alarms an hour, such as 1/h")
    return probability


def _for_rate(manifest: ModelManifest, text: str) -> Array:
    match = _RATE.fullmatch(text)
    if match is None:
        raise ValueError(f"threshold={text!r} is no rate; give false alarms an hour such as '1/h', or a probability")
    rates = {point.false_alarms_per_hour: point.thresholds for point in manifest.operating_points}
    if (rate := float(match[1])) not in rates:
        known = " or ".join(f"{one:g}/h" for one in sorted(rates))
        there = f"it has them for {known}" if known else "it has none for any rate"
        raise ValueError(
            f"{manifest.architecture} has no thresholds for {rate:g} false alarms an hour; {there}, and takes a "
            "probability, 0 to 1"
        )
    return np.asarray(rates[rate], np.float32)
