"""Clips that are skipped because they cannot be read: which, why, and whether enough remain."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from panns.data.clips.clip import Clip
from panns.data.clips.naming import n_clips, some_of
from panns.errors import DataError


@dataclass(frozen=True)
class SkippedClip:
    """A clip that cannot be read.

    Attributes:
        index: Index of the clip in its list.
        path: Path of its file, as in the list.
        reason: The problem, as a message.
    """

    index: int
    path: str
    reason: str

    def to_dict(self) -> dict[str, str]:
        """The clip as JSON."""
        return {"file": self.path, "error": self.reason}


def select_remaining(clips: Sequence[Clip], skipped: Collection[int], *, where: str) -> npt.NDArray[np.int64]:
    """Indices of the clips that remain.

    Args:
        clips: All clips.
        skipped: Indices of the skipped ones.
        where: Name of the clips, for messages.

    Raises:
        DataError: No clip remains, or none of a class.
    """
    remaining = np.setdiff1d(np.arange(len(clips)), np.fromiter(skipped, np.int64))
    if not len(skipped):
        return remaining
    if not len(remaining):
        raise DataError(f"{where}: none of {n_clips(len(clips))} can be read, so nothing remains; check their paths")
    lost = {label for i in skipped for label in _labels_of(clips[i])}
    for i in remaining:
        if not lost:
            break
        lost.difference_update(_labels_of(clips[i]))
    if lost:
        raise DataError(
            f"{where}: no clip of {some_of(sorted(lost))} can be read, so skipping would leave out the class; get its "
            "clips again, or remove them from the list"
        )
    return remaining


def describe_skipped(paths: Sequence[str], total: int) -> str:
    """Say how many clips are skipped, and name the first.

    Examples:
        >>> describe_skipped(["a.wav", "b.wav"], 40)
        'skipped 2 of 40 clips, which cannot be read: a.wav, b.wav'
    """
    return f"skipped {len(paths):,} of {n_clips(total)}, which cannot be read: {some_of(paths)}"


def _labels_of(clip: Clip) -> set[str]:
    return {*clip.labels, *(event.label for event in clip.events)}
