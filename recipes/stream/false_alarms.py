"""Thresholds for a false-alarm rate, which makes scores of different classes and models comparable."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from panns.evaluation.detection_measures import FrameProbs
from panns.events import EventConfig
from panns.metrics import ClipEvents
from panns.system.arrays import Array

_HOUR_S = 3600.0


def unmatched_events(events: ClipEvents, others: ClipEvents) -> ClipEvents:
    """Events that touch no event of their class in another list: false alarms among detections, or missed events.

    Examples:
        >>> unmatched_events([(0, 1.0, 2.0), (0, 5.0, 6.0), (1, 1.0, 2.0)], [(0, 1.9, 3.0)])
        [(0, 5.0, 6.0), (1, 1.0, 2.0)]
    """
    intervals: dict[int, list[tuple[float, float]]] = {}
    for index, onset_s, offset_s in others:
        intervals.setdefault(index, []).append((onset_s, offset_s))
    return [
        (index, onset_s, offset_s)
        for index, onset_s, offset_s in events
        if not any(onset_s < end_s and offset_s > start_s for start_s, end_s in intervals.get(index, ()))
    ]


class FalseAlarms:
    """Count detections that touch no event of their class, at several thresholds and sound by sound.

    Args:
        n_classes: Number of classes.
        levels: Thresholds to try, 0 to 1.
        config: Event settings.
    """

    def __init__(self, n_classes: int, levels: Sequence[float], config: EventConfig) -> None:
        self._n_classes = n_classes
        self._levels = sorted(levels)
        self._config = config
        self._counts = np.zeros((len(self._levels), n_classes), np.int64)
        self.duration_s = 0.0

    def add(self, frames: FrameProbs, truth: ClipEvents) -> None:
        """Count the false alarms of one sound.

        Args:
            frames: Frame probabilities of the sound.
            truth: `(class index, onset_s, offset_s)` of all its events, also for the parent classes of an event.
        """
        for counts, level in zip(self._counts, self._levels, strict=True):
            detected = frames.events(np.full(self._n_classes, level), self._config)
            for index, _, _ in unmatched_events(detected, truth):
                counts[index] += 1
        self.duration_s += frames.duration_s

    def per_hour(self) -> npt.NDArray[np.float64]:
        """False alarms per hour, `(levels, classes)`, by rising level."""
        return self._counts.astype(np.float64) * (_HOUR_S / self.duration_s)

    def thresholds(self, max_per_hour: float) -> Array:
        """Lowest level of every class that keeps the false-alarm rate, as do all higher levels; 1 without such a level.

        Args:
            max_per_hour: Maximum rate of each class.

        Returns:
            `(classes,)`.
        """
        is_kept = self.per_hour() <= max_per_hour
        # Go from the top down while the rate is kept, because counts may rise and fall with the threshold.
        n_kept = np.cumprod(is_kept[::-1], axis=0).sum(axis=0)
        levels = np.append(self._levels, 1.0).astype(np.float32)
        chosen: Array = levels[len(self._levels) - n_kept]
        return chosen
