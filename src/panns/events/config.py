"""Settings of events."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class EventConfig:
    """Settings of events, beside the detection threshold; times in seconds.

    Attributes:
        release: Lower threshold as a part of the detection threshold ("double threshold": Dinkel and Yu 2020,
            arXiv:1904.03841). An event lasts while the score is above the lower threshold, and counts if it reaches the
            detection threshold, so a score that trembles about the threshold is one event. 1 for a single threshold.
        median_s: Length of the median filter over time, rounded to an odd number of frames; 0 for no filter.
        min_gap_s: Minimum gap between two events of a class; a shorter gap is bridged.
        min_duration_s: Minimum duration of an event, after gaps are bridged.
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

        Examples:
            >>> [EventConfig(median_s=length_s).n_median(0.04) for length_s in (0.0, 0.04, 0.1, 0.2)]
            [1, 1, 3, 5]
        """
        return 2 * round(self.median_s / hop_s / 2 - 0.25) + 1 if self.median_s > hop_s else 1
