"""Lists of clips that a person can read and make: CSV, TSV, JSON lines, or a folder a class."""

from __future__ import annotations

from panns.data.clip_lists.clip_list import Clip, ClipList, TimedLabel, read_clip_list, write_clip_list

__all__ = ["Clip", "ClipList", "TimedLabel", "read_clip_list", "write_clip_list"]
