"""Labelled stretches of a recording, found by time: a season of recordings holds tens of thousands of events."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator
from typing import TypeAlias

Stretch: TypeAlias = tuple[float, float]
"""Onset and offset of a part of a recording, in seconds."""


class LabelledStretches:
    """Labels of stretches, found by the time that they overlap."""

    def __init__(self, stretches: Iterable[tuple[Stretch, str]] = ()) -> None:
        self._stretches = sorted(stretches)
        self._onsets = [stretch[0] for stretch, _ in self._stretches]
        self._longest_s = max((offset - onset for (onset, offset), _ in self._stretches), default=0.0)

    def labels_in(self, where: Stretch) -> Iterator[str]:
        """Labels of the stretches that overlap a stretch, by onset; one may come several times.

        Examples:
            >>> list(LabelledStretches([((0.0, 2.0), "rain"), ((3.0, 4.0), "dog")]).labels_in((1.0, 3.0)))
            ['rain']
        """
        return (label for _, label in self.parts_in(where))

    def parts_in(self, where: Stretch) -> Iterator[tuple[float, str]]:
        """Seconds that each stretch has in another one, and its label, by onset.

        Examples:
            >>> list(LabelledStretches([((0.0, 2.0), "rain"), ((3.0, 4.0), "dog")]).parts_in((1.5, 3.0)))
            [(0.5, 'rain')]
        """
        first = bisect_left(self._onsets, where[0] - self._longest_s)
        for (onset, offset), label in self._stretches[first : bisect_left(self._onsets, where[1])]:
            if offset > where[0]:
                yield min(offset, where[1]) - max(onset, where[0]), label
