"""Measures of event detection: collar-, intersection- and segment-based counts, and PSDS over all thresholds.

Events are `(class index, onset_s, offset_s)`, one sequence for every clip, empty for a clip without events. In the
ground truth, events of a class must not overlap within a clip.
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
