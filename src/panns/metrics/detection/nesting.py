"""Every event that a curve of scores can give at any threshold, each found once.

Lowering the threshold makes events appear, grow and merge; the stretches that occur on the way lie inside each other
like boxes, and there are no more of them than frames. A stretch is an event while the threshold is below its own level
and not yet below that of the one around it:

    scores    1 3 2 3 0        stretches  [1,2) and [3,4) of level 3, around them 2
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
    """All events that one curve can give.

    Attributes:
        intervals: `(events,)`, when they start and end.
        levels: `(events,)`, the score that the threshold must fall below for this event to be there.
        levels_around: `(events,)`, the score below which it is replaced by the one around it; -inf for never.
    """

    intervals: Intervals
    levels: npt.NDArray[np.float64]
    levels_around: npt.NDArray[np.float64]


def nested_events(scores: Scores, edges_s: Seconds) -> NestedEvents:
    """Every event of one class in one clip, at any threshold.

    Args:
        scores: `(frames,)`, finite.
        edges_s: `(frames + 1,)`, rising.

    Example:
        >>> found = nested_events(np.array([1.0, 3.0, 2.0, 3.0, 0.0]), np.arange(6.0))
        >>> [*zip(found.intervals.onsets_s.tolist(), found.intervals.offsets_s.tolist(), found.levels.tolist())]
        [(1.0, 2.0, 3.0), (3.0, 4.0, 3.0), (1.0, 4.0, 2.0), (0.0, 4.0, 1.0), (0.0, 5.0, 0.0)]
        >>> found.levels_around
        array([  2.,   2.,   1.,   0., -inf])
    """
    found: list[tuple[int, int, float, float]] = []
    open_ones: list[tuple[float, int]] = []  # level and first frame, of rising level
    for frame, score in enumerate([*scores.tolist(), -math.inf]):
        first = frame
        while open_ones and open_ones[-1][0] > score:
            level, first = open_ones.pop()
            around = max(score, open_ones[-1][0]) if open_ones else score
            found.append((first, frame, level, around))
        if not open_ones or open_ones[-1][0] < score:
            open_ones.append((score, first))
    columns = np.array(found, dtype=np.float64).T
    first_frames, past_last = columns[:2].astype(np.intp)
    return NestedEvents(Intervals(edges_s[first_frames], edges_s[past_last]), columns[2], columns[3])
