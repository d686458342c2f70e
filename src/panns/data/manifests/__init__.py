"""Lists of clips that a person can read and make: CSV, TSV, JSON lines, or a folder a class."""

from __future__ import annotations

from panns.data.manifests.clip_list import Clip, ClipList, TimedLabel, read_manifest, write_manifest

__all__ = ["Clip", "ClipList", "TimedLabel", "read_manifest", "write_manifest"]
