"""Thresholds of published weights for rates of false alarms, as `recipes/stream/thresholds.py` chose them."""

from __future__ import annotations

import json
from pathlib import Path

from panns.checkpoints.manifest import OperatingPoint
from panns.config import config_from_dict

POINTS_FILE = Path(__file__).with_name("published_thresholds.json")


def operating_points_of(name: str, sha256: str) -> tuple[OperatingPoint, ...]:
    """Those of a registered model with the weights of a published file; empty where none were chosen for that file."""
    of_model = json.loads(POINTS_FILE.read_text(encoding="utf-8")).get(name, {})
    if of_model.get("source_sha256") != sha256:
        return ()
    return tuple(config_from_dict(OperatingPoint, point) for point in of_model["points"])
