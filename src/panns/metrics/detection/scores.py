"""Frame scores of one clip, with the times of the frames."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from panns.metrics.checks import Scores
from panns.metrics.detection.events import ClipEvents, EventTable, Seconds, check_events, check_same_clips


@dataclass(frozen=True, eq=False)
class FrameScores:
    """Frame scores of one clip. A class is detected in frames with a score above the threshold.

    Attributes:
        scores: `(frames, classes)`, logits or probabilities.
        edges_s: `(frames + 1,)`, start of every frame and end of the last one, in seconds.

    Raises:
        ValueError: Scores or edges have a wrong shape, are not finite, or the edges do not rise from 0 or later.

    Examples:
        >>> clip = FrameScores.from_hop(np.array([[0.1, 0.9], [0.8, 0.9], [0.7, 0.2]]), hop_s=0.5)
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
            raise ValueError(f"frame scores have shape {shape}; (frames, classes) is needed, with at least one of each")
        if not np.isfinite(self.scores).all():
            raise ValueError("a frame score is not finite; leave out padding frames at the end of a clip")
        edges = np.asarray(self.edges_s)
        if edges.shape != (shape[0] + 1,):
            raise ValueError(
                f"edges_s have shape {edges.shape}; {shape[0]} frames have {shape[0] + 1} edges: every start and the "
                "last end"
            )
        if not (np.isfinite(edges).all() and edges[0] >= 0 and (np.diff(edges) > 0).all()):
            raise ValueError("edges_s must be finite seconds that start at 0 or later and rise from frame to frame")

    @classmethod
    def from_hop(cls, scores: Scores, hop_s: float, *, offset_s: float = 0.0) -> FrameScores:
        """Scores of adjacent frames of equal length.

        Args:
            scores: `(frames, classes)`.
            hop_s: Length of a frame in seconds, > 0.
            offset_s: Start of the first frame in seconds.

        Raises:
            ValueError: `hop_s` is not positive.
        """
        if not hop_s > 0:
            raise ValueError(f"hop_s={hop_s} must be more than 0 seconds")
        return cls(scores, offset_s + np.arange(len(scores) + 1, dtype=np.float64) * hop_s)

    @property
    def n_classes(self) -> int:
        """Number of classes."""
        return int(np.shape(self.scores)[1])

    def events(self, thresholds: Sequence[float] | npt.NDArray[np.floating]) -> list[tuple[int, float, float]]:
        """Detected events: every unbroken run of frames above the threshold of the class.

        Args:
            thresholds: `(classes,)`; infinity switches a class off.

        Returns:
            `(class index, onset_s, offset_s)` of every event, by class and then by time.

        Raises:
            ValueError: The shape is not `(classes,)`, or a threshold is NaN.
        """
        limits = np.asarray(thresholds, dtype=np.float64)
        if limits.shape != (self.n_classes,) or np.isnan(limits).any():
            raise ValueError(
                f"thresholds={thresholds}: give one number for each of {self.n_classes} classes; infinity switches a "
                "class off"
            )
        is_on = np.zeros((len(self.scores) + 2, self.n_classes), dtype=np.int8)
        is_on[1:-1] = self.scores > limits
        changes = np.diff(is_on, axis=0).T
        class_indices, first = np.nonzero(changes > 0)
        past_last = np.nonzero(changes < 0)[1]
        onsets_s, offsets_s = self.edges_s[first], self.edges_s[past_last]
        return list(zip(class_indices.tolist(), onsets_s.tolist(), offsets_s.tolist(), strict=True))


def check_clips(clips: Sequence[FrameScores]) -> int:
    """Check that all clips have the same number of classes, and return that number.

    Raises:
        ValueError: The numbers differ.
    """
    counts = sorted({clip.n_classes for clip in clips})
    if len(counts) != 1:
        raise ValueError(
            f"clips have scores of {' and '.join(map(str, counts))} classes; the number must be the same for all"
        )
    return counts[0]


def check_scored_clips(
    truth: Sequence[ClipEvents], scores: Sequence[FrameScores]
) -> tuple[int, list[tuple[EventTable, FrameScores]]]:
    """Check ground truth and frame scores; return the number of classes, and the pairs of all clips.

    Raises:
        ValueError: The numbers of clips or classes differ, or an event is invalid.
    """
    check_same_clips(len(truth), len(scores), "frame scores")
    n_classes = check_clips(scores)
    return n_classes, list(zip(check_events(truth, n_classes, what="the ground truth"), scores, strict=True))
