"""Thresholds that keep a rate of false alarms: what a class is worth in one model and in another is then the same."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from panns.evaluation.detection_measures import FrameProbs
from panns.events import EventConfig
from panns.metrics import ClipEvents
from panns.results import Array

_HOUR_S = 3600.0


def unmatched_events(events: ClipEvents, others: ClipEvents) -> ClipEvents:
    """The events that touch none of the same class among others: of detections false alarms, of events missed ones.

    Example:
        >>> unmatched_events([(0, 1.0, 2.0), (0, 5.0, 6.0), (1, 1.0, 2.0)], [(0, 1.9, 3.0)])
        [(0, 5.0, 6.0), (1, 1.0, 2.0)]
    """
    there: dict[int, list[tuple[float, float]]] = {}
    for index, onset_s, offset_s in others:
        there.setdefault(index, []).append((onset_s, offset_s))
    return [
        (index, onset_s, offset_s)
        for index, onset_s, offset_s in events
        if not any(onset_s < end_s and offset_s > start_s for start_s, end_s in there.get(index, ()))
    ]


class FalseAlarms:
    """Counts the detections at several thresholds that lie on no event of their class; sounds come one by one.

    Args:
        n_classes: How many classes there are.
        levels: The thresholds that are tried, 0 to 1.
        config: What makes an event.
    """

    def __init__(self, n_classes: int, levels: Sequence[float], config: EventConfig) -> None:
        self._n_classes = n_classes
        self._levels = sorted(levels)
        self._config = config
        self._counts = np.zeros((len(self._levels), n_classes), np.int64)
        self.duration_s = 0.0

    def add(self, heard: FrameProbs, truth: ClipEvents) -> None:
        """Count those of one sound.

        Args:
            heard: What the model heard.
            truth: `(class index, onset_s, offset_s)` of everything that sounds in it, also the classes that contain
                another one.
        """
        for counts, level in zip(self._counts, self._levels, strict=True):
            detected = heard.events(np.full(self._n_classes, level), self._config)
            for index, _, _ in unmatched_events(detected, truth):
                counts[index] += 1
        self.duration_s += heard.duration_s

    def per_hour(self) -> npt.NDArray[np.float64]:
        """`(levels, classes)`, by rising level."""
        return self._counts.astype(np.float64) * (_HOUR_S / self.duration_s)

    def thresholds(self, max_per_hour: float) -> Array:
        """For every class the lowest of the levels from which on no more false alarms come; 1 where there is none.

        Args:
            max_per_hour: Of each class.

        Returns:
            `(classes,)`.
        """
        is_kept = self.per_hour() <= max_per_hour
        # From the top down, as long as the rate is kept: counts need not rise evenly as the threshold falls.
        n_kept = np.cumprod(is_kept[::-1], axis=0).sum(axis=0)
        levels = np.append(self._levels, 1.0).astype(np.float32)
        chosen: Array = levels[len(self._levels) - n_kept]
        return chosen
