"""The scores of the frames of one clip, and where in time each frame lies."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from panns.metrics.checks import Scores
from panns.metrics.detection.events import ClipEvents, EventTable, Seconds, check_same_clips, checked_events


@dataclass(frozen=True, eq=False)
class FrameScores:
    """Scores of one clip over time. A class is detected in a frame where its score is above the threshold.

    Attributes:
        scores: `(frames, classes)`, logits or probabilities.
        edges_s: `(frames + 1,)`, where every frame starts, in seconds, and where the last one ends.

    Raises:
        ValueError: Scores or edges are not of that shape, not finite, or the edges do not rise from 0 or later.

    Example:
        >>> clip = FrameScores.of_hop(np.array([[0.1, 0.9], [0.8, 0.9], [0.7, 0.2]]), hop_s=0.5)
        >>> clip.edges_s
        array([0. , 0.5, 1. , 1.5])
        >>> clip.events([0.5, 0.5])
        [(0, 0.5, 1.5), (1, 0.0, 1.0)]
    """

    scores: Scores
    edges_s: Seconds

    def __post_init__(self) -> None:
        shape = np.shape(self.scores)
        if len(shape) != 2 or not math.prod(shape):
            raise ValueError(f"frame scores have shape {shape}; (frames, classes) with at least one of each is needed")
        if not np.isfinite(self.scores).all():
            raise ValueError("a frame score is not finite; leave out the frames that only fill up a shorter clip")
        edges = np.asarray(self.edges_s)
        if edges.shape != (shape[0] + 1,):
            raise ValueError(
                f"edges_s have shape {edges.shape}; {shape[0]} frames have {shape[0] + 1} edges: every start and the "
                "end of the last"
            )
        if not (np.isfinite(edges).all() and edges[0] >= 0 and (np.diff(edges) > 0).all()):
            raise ValueError("edges_s must be finite seconds that start at 0 or later and rise from frame to frame")

    @classmethod
    def of_hop(cls, scores: Scores, hop_s: float, *, offset_s: float = 0.0) -> FrameScores:
        """Scores of frames of one length, back to back.

        Args:
            scores: `(frames, classes)`.
            hop_s: Seconds from the start of a frame to the start of the next, > 0.
            offset_s: Where the first frame starts.

        Raises:
            ValueError: `hop_s` is not positive.
        """
        if not hop_s > 0:
            raise ValueError(f"hop_s={hop_s} must be more than 0 seconds")
        return cls(scores, offset_s + np.arange(len(scores) + 1, dtype=np.float64) * hop_s)

    @property
    def n_classes(self) -> int:
        """How many classes have scores."""
        return int(np.shape(self.scores)[1])

    def events(self, thresholds: Sequence[float] | npt.NDArray[np.floating]) -> list[tuple[int, float, float]]:
        """What is detected at these thresholds: every unbroken run of frames above its class's threshold.

        Args:
            thresholds: `(classes,)`; infinite for a class not to be detected.

        Returns:
            `(class index, onset_s, offset_s)` of every event, by class and then by time.

        Raises:
            ValueError: There is not one threshold, a number, for every class.
        """
        limits = np.asarray(thresholds, dtype=np.float64)
        if limits.shape != (self.n_classes,) or np.isnan(limits).any():
            raise ValueError(
                f"thresholds {thresholds} given; one number for each of {self.n_classes} classes is needed, "
                "infinity for a class not to be detected"
            )
        is_on = np.zeros((len(self.scores) + 2, self.n_classes), dtype=np.int8)
        is_on[1:-1] = self.scores > limits
        changes = np.diff(is_on, axis=0).T
        of_class, first = np.nonzero(changes > 0)
        past_last = np.nonzero(changes < 0)[1]
        onsets_s, offsets_s = self.edges_s[first], self.edges_s[past_last]
        return list(zip(of_class.tolist(), onsets_s.tolist(), offsets_s.tolist(), strict=True))


def checked_clips(clips: Sequence[FrameScores]) -> int:
    """How many classes all clips have scores of.

    Raises:
        ValueError: Not all have the same.
    """
    counts = sorted({clip.n_classes for clip in clips})
    if len(counts) != 1:
        raise ValueError(
            f"clips have scores of {' and '.join(map(str, counts))} classes; all must have the same classes"
        )
    return counts[0]


def checked_scored_clips(
    truth: Sequence[ClipEvents], scores: Sequence[FrameScores]
) -> tuple[int, list[tuple[EventTable, FrameScores]]]:
    """The number of classes, and of every clip what is in it with its frame scores.

    Raises:
        ValueError: They are not of the same number of clips, the clips have different classes, or an event is none.
    """
    check_same_clips(len(truth), len(scores), "frame scores")
    n_classes = checked_clips(scores)
    return n_classes, list(zip(checked_events(truth, n_classes, what="the ground truth"), scores, strict=True))
