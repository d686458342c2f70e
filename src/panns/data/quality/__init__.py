"""Quality of a data set: find missing, damaged, silent, mislabelled, duplicate and leaking clips before training."""

from __future__ import annotations

from panns.data.quality.check import check_clips
from panns.data.quality.findings import CheckReport, Finding

__all__ = ["CheckReport", "Finding", "check_clips"]
