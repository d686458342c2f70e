"""What is wrong with a data set, before a training finds it."""

from __future__ import annotations

from panns.data.quality.check import check_clips
from panns.data.quality.findings import CheckReport, Finding

__all__ = ["CheckReport", "Finding", "check_clips"]
