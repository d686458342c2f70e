"""Lists of clips in files that people can read and edit: CSV, TSV, JSON lines, event tables, or a folder per class."""

from __future__ import annotations

from panns.data.clip_lists.clip_list import read_clip_list, write_clip_list
from panns.data.clips.clip import Clip, ClipList, TimedLabel

__all__ = ["Clip", "ClipList", "TimedLabel", "read_clip_list", "write_clip_list"]
