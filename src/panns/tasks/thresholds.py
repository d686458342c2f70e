"""From which probability each class sounds."""

from __future__ import annotations

import numpy as np

from panns.defaults import DEFAULT_THRESHOLD
from panns.models.checkpoint import Manifest
from panns.results import Array


def thresholds_of(manifest: Manifest, threshold: float | None) -> Array:
    """From which probability each class sounds, `(classes,)`: one for all if given, else the model's own, else 0.5."""
    if threshold is None and manifest.thresholds is not None:
        return np.asarray(manifest.thresholds, np.float32)
    return np.full(len(manifest.labels), DEFAULT_THRESHOLD if threshold is None else threshold, np.float32)
