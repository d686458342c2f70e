"""What makes an event of frame scores."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class EventConfig:
    """What makes an event, beside the probability from which a class sounds; times in seconds.

    Attributes:
        release: Part of its threshold above which the score of a class is all through an event, of which one frame at
            least reaches the threshold ("double threshold": Dinkel and Yu 2020, arXiv:1904.03841). So a score that
            trembles about the threshold is one event, which begins where it rose; 1 for one threshold.
        median_s: Length of the median filter over time; 0 for none. It is rounded to an odd number of frames.
        min_gap_s: What sounds again, and reaches its threshold, sooner than this has not ended.
        min_duration_s: What is shorter, when gaps are bridged, is no event.
    """

    release: float = 0.5
    median_s: float = 0.0
    min_gap_s: float = 0.2
    min_duration_s: float = 0.1

    def __post_init__(self) -> None:
        if not 0 < self.release <= 1:
            raise ValueError(f"release={self.release} must be above 0 and at most 1, a part of the threshold")
        for name in ("median_s", "min_gap_s", "min_duration_s"):
            if not 0 <= getattr(self, name) <= 3_600:
                raise ValueError(f"{name}={getattr(self, name)} must be 0 to 3600 seconds")

    def n_median(self, hop_s: float) -> int:
        """Length of the median filter in frames: odd, at least 1.

        Example:
            >>> [EventConfig(median_s=length_s).n_median(0.04) for length_s in (0.0, 0.04, 0.1, 0.2)]
            [1, 1, 3, 5]
        """
        return 2 * round(self.median_s / hop_s / 2 - 0.25) + 1 if self.median_s > hop_s else 1
