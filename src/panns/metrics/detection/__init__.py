"""How well events are found in time: collar-, intersection- and segment-based counts, and PSDS over all thresholds.

The events of a clip are `(class index, onset_s, offset_s)`, and there is one sequence of them for every clip, empty
where nothing sounds. Events of one class in the ground truth of a clip are meant not to overlap each other.
"""

from panns.metrics.detection.collar import CollarSettings, collar_based, collar_based_curves
from panns.metrics.detection.curves import BestF1, ThresholdCurve, best_f1
from panns.metrics.detection.events import ClipEvents
from panns.metrics.detection.intersection import (
    IntersectionCounts,
    IntersectionSettings,
    intersection_based,
    intersection_based_curves,
)
from panns.metrics.detection.psds import PSDS1, PSDS2, Psds, PsdsSettings, psds
from panns.metrics.detection.scores import FrameScores
from panns.metrics.detection.segments import SegmentCounts, segment_based

__all__ = [
    "PSDS1",
    "PSDS2",
    "BestF1",
    "ClipEvents",
    "CollarSettings",
    "FrameScores",
    "IntersectionCounts",
    "IntersectionSettings",
    "Psds",
    "PsdsSettings",
    "SegmentCounts",
    "ThresholdCurve",
    "best_f1",
    "collar_based",
    "collar_based_curves",
    "intersection_based",
    "intersection_based_curves",
    "psds",
    "segment_based",
]
