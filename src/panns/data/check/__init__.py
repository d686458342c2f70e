"""What is wrong with a data set, before a training finds it."""

from __future__ import annotations

from panns.data.check.check import OnProgress, check_clips
from panns.data.check.findings import CheckReport, Finding

__all__ = ["CheckReport", "Finding", "OnProgress", "check_clips"]
