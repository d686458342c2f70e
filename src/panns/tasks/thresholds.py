"""From which probability each class sounds, told as a probability or as a rate of false alarms."""

from __future__ import annotations

import re
from typing import TypeAlias

import numpy as np

from panns.defaults import DEFAULT_THRESHOLD
from panns.models.checkpoint import Manifest
from panns.results import Array

Threshold: TypeAlias = float | str
"""A probability, or a rate of false alarms of each class such as "1/h"."""

_RATE = re.compile(r"\s*(\d+(?:\.\d+)?)\s*/\s*h\s*")


def thresholds_of(manifest: Manifest, threshold: Threshold | None) -> Array:
    """From which probability each class sounds, `(classes,)`.

    Args:
        manifest: Of the model.
        threshold: One probability for all classes; "1/h" for the thresholds that were chosen for one false alarm of
            each class in an hour; None for the model's own, or 0.5 where it has none.

    Raises:
        ValueError: It is neither, or the model has no thresholds for that rate.
    """
    if threshold is None and manifest.thresholds is not None:
        return np.asarray(manifest.thresholds, np.float32)
    if isinstance(threshold, str):
        return _for_rate(manifest, threshold)
    return np.full(len(manifest.labels), DEFAULT_THRESHOLD if threshold is None else threshold, np.float32)


def read_threshold(text: str) -> Threshold:
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


def _for_rate(manifest: Manifest, text: str) -> Array:
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
