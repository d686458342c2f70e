"""Operating points of published weights, from `published_thresholds.json`.

`recipes/stream/thresholds.py` chooses the thresholds and writes the file.
"""

from __future__ import annotations

from pathlib import Path

from panns.checkpoints.manifest import OperatingPoint
from panns.config import config_from_dict
from panns.system.json_files import parse_json

POINTS_FILE = Path(__file__).with_name("published_thresholds.json")


def operating_points_of(name: str, sha256: str) -> tuple[OperatingPoint, ...]:
    """Operating points of a registered model with the published file of that digest; empty if none were chosen."""
    record = parse_json(POINTS_FILE.read_text(encoding="utf-8")).get(name, {})
    if record.get("source_sha256") != sha256:
        return ()
    return tuple(config_from_dict(OperatingPoint, point) for point in record["points"])
