"""All events of a score curve over all thresholds.

Events appear, grow and merge as the threshold falls. The intervals on the way are nested, and there are at most as many
as frames. An interval is an event while the threshold is below its own level and at or above that of the interval
around it:

    scores    1 3 2 3 0        intervals  [1,2) and [3,4) of level 3, around them 2
    frames    0 1 2 3 4                   [1,4) of level 2, around it 1
                                          [0,4) of level 1, around it 0
                                          [0,5) of level 0, around it nothing (-inf)

Source: Ebbers et al. 2022, arXiv:2201.13148, for the idea of counting only what changes with the threshold.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from panns.metrics.checks import Scores
from panns.metrics.detection.events import Intervals, Seconds


@dataclass(frozen=True, eq=False)
class NestedEvents:
    """All events of one score curve.

    Attributes:
        intervals: `(events,)`, start and end times.
        levels: `(events,)`, score below which the threshold makes this event appear.
        levels_around: `(events,)`, score below which the event around it replaces it; -inf for never.
    """

    intervals: Intervals
    levels: npt.NDArray[np.float64]
    levels_around: npt.NDArray[np.float64]


def find_nested_events(scores: Scores, edges_s: Seconds) -> NestedEvents:
    """Find all events of one class in one clip, at any threshold.

    Args:
        scores: `(frames,)`, finite.
        edges_s: `(frames + 1,)`, rising.

    Examples:
        >>> found = find_nested_events(np.array([1.0, 3.0, 2.0, 3.0, 0.0]), np.arange(6.0))
        >>> [*zip(found.intervals.onsets_s.tolist(), found.intervals.offsets_s.tolist(), found.levels.tolist())]
        [(1.0, 2.0, 3.0), (3.0, 4.0, 3.0), (1.0, 4.0, 2.0), (0.0, 4.0, 1.0), (0.0, 5.0, 0.0)]
        >>> found.levels_around
        array([  2.,   2.,   1.,   0., -inf])
    """
    found: list[tuple[int, int, float, float]] = []
    open_intervals: list[tuple[float, int]] = []  # level and first frame, of rising level
    for frame, score in enumerate([*scores.tolist(), -math.inf]):
        first = frame
        while open_intervals and open_intervals[-1][0] > score:
            level, first = open_intervals.pop()
            around = max(score, open_intervals[-1][0]) if open_intervals else score
            found.append((first, frame, level, around))
        if not open_intervals or open_intervals[-1][0] < score:
            open_intervals.append((score, first))
    columns = np.array(found, dtype=np.float64).T
    first_frames, past_last = columns[:2].astype(np.intp)
    return NestedEvents(Intervals(edges_s[first_frames], edges_s[past_last]), columns[2], columns[3])
