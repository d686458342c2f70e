"""Clips of a data set: labels, folds and sources of each, their audio, and subsets of them."""

from __future__ import annotations

from panns.data.clips.audio import ClipAudio, FileAudio
from panns.data.clips.clip import Clip, ClipList, TimedLabel
from panns.data.clips.subset import AudioSubset, ClipSubset

__all__ = ["AudioSubset", "Clip", "ClipAudio", "ClipList", "ClipSubset", "FileAudio", "TimedLabel"]
