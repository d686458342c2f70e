"""Quality of event detection: the DCASE measures of `panns.metrics.detection` over the classes that occur.

Takes arrays and events only; scoring the sounds is in `detection_scoring`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from panns.errors import DataError
from panns.evaluation.clip_measures import finite_or_none
from panns.evaluation.clip_scoring import Failure
from panns.events import EventConfig, find_events
from panns.labels import Label
from panns.metrics import (
    PSDS1,
    PSDS2,
    ClipEvents,
    CollarSettings,
    DecisionCounts,
    FrameScores,
    IntersectionSettings,
    Psds,
    SegmentCounts,
    collar_based,
    intersection_based,
    psds,
    segment_based,
)
from panns.results import SoundFrames
from panns.system.arrays import Array

Times = npt.NDArray[np.float64]

# The settings of the DCASE challenges: onsets within 0.2 s, offsets within 0.2 s or a fifth of the event; half of a
# detection on events, half of an event covered; segments of one second.
COLLAR: Final = CollarSettings(onset_s=0.2, offset_s=0.2, offset_share=0.2)
INTERSECTION: Final = IntersectionSettings(dtc=0.5, gtc=0.5)
SEGMENT_S: Final = 1.0
_HOUR_S: Final = 3600.0
# Adjacent events do not overlap, however their times are rounded.
_TOUCHING_S: Final = 1e-6


@dataclass(frozen=True, eq=False)
class FrameProbs:
    """Frame probabilities of one sound.

    Attributes:
        probs: `(frames, classes)`, at least one frame.
        onsets_s: `(frames,)`, start times in seconds; rising, the first at 0 or later, the last before the end. A
            frame lasts until the next one starts, and the last one until the sound ends.
        duration_s: Length of the sound in seconds.
    """

    probs: Array
    onsets_s: Times
    duration_s: float

    @classmethod
    def from_frames(cls, frames: SoundFrames) -> FrameProbs:
        """Frame probabilities in a result of `Recognizer.frames`."""
        return cls(frames.frame_probs, frames.frame_onsets_s, frames.duration_s)

    def to_frame_scores(self) -> FrameScores:
        """Frame scores for the measures that try every threshold."""
        return FrameScores(self.probs, np.append(self.onsets_s, self.duration_s))

    def events(self, thresholds: Sequence[float] | Times, config: EventConfig) -> ClipEvents:
        """Detected events, as in `panns detect`.

        Args:
            thresholds: Detection thresholds, `(classes,)`.
            config: Event settings.
        """
        limits = np.asarray(thresholds, np.float32)
        found = find_events(self.probs, self.onsets_s, self.duration_s, limits, config)
        return [(event.class_index, event.onset_s, event.offset_s) for event in found]


@dataclass(frozen=True, eq=False)
class DetectionEvaluation:
    """Quality of detected events.

    Attributes:
        labels: The classes that occur, in the order of all arrays `(classes,)`.
        thresholds: Detection thresholds, `(classes,)`.
        n_clips: Number of scored sounds.
        duration_s: Total length of the sounds in seconds.
        n_overlapping: Number of events merged into an overlapping event of their class.
        collar: Decisions by onset and offset within a collar.
        intersection: Decisions by overlap of at least half.
        segments: Decisions for every second.
        psds1: PSDS over all thresholds, settings for fast and well-localised detection.
        psds2: PSDS with settings that punish confusion of classes.
        failures: Sounds that could not be measured and were left out.
    """

    labels: tuple[Label, ...]
    thresholds: Times
    n_clips: int
    duration_s: float
    n_overlapping: int
    collar: DecisionCounts
    intersection: DecisionCounts
    segments: SegmentCounts
    psds1: Psds
    psds2: Psds
    failures: tuple[Failure, ...] = ()

    @property
    def n_events(self) -> npt.NDArray[np.int64]:
        """`(classes,)`, number of events."""
        return self.collar.support

    @property
    def n_detected(self) -> npt.NDArray[np.int64]:
        """`(classes,)`, number of detections, right or wrong."""
        return self.collar.true_positives + self.collar.false_positives

    @property
    def has_events(self) -> npt.NDArray[np.bool_]:
        """`(classes,)`, True for the classes in means: those with an event in a sound that could be measured."""
        return self.n_events > 0

    @property
    def false_alarms_per_hour(self) -> Times:
        """`(classes,)`, detections per hour with less than half of their length on events of their class."""
        return self.intersection.false_positives.astype(np.float64) * (_HOUR_S / self.duration_s)

    @property
    def macro_error_rate(self) -> float:
        """Mean of the segment-based error rates of classes."""
        return float(self.segments.class_error_rates[self.has_events].mean())

    def class_mean(self, score: Psds) -> float:
        """Class mean of PSDS, before the penalty for variation between classes."""
        return float(score.per_class[self.has_events].mean())

    def to_dict(self) -> dict[str, Any]:
        """JSON object of this evaluation; null for an undefined value."""
        protocols = (
            ("collar", self.collar),
            ("intersection", self.intersection),
            ("segment", self.segments.decisions),
        )
        return {
            "task": "detect",
            "n_clips": self.n_clips,
            "n_failed": len(self.failures),
            "duration_s": self.duration_s,
            "n_classes": len(self.labels),
            "n_events": int(self.n_events.sum()),
            "n_overlapping": self.n_overlapping,
            "n_detected": int(self.n_detected.sum()),
            "psds1": self.psds1.value,
            "psds2": self.psds2.value,
            "psds1_class_mean": self.class_mean(self.psds1),
            "psds2_class_mean": self.class_mean(self.psds2),
            **{
                f"{protocol}_{which}_{name}": value
                for protocol, counts in protocols
                for which, values in (("micro", counts.micro()), ("macro", counts.macro(self.has_events)))
                for name, value in (("precision", values.precision), ("recall", values.recall), ("f1", values.f1))
            },
            "segment_micro_error_rate": self.segments.error_rate,
            "segment_macro_error_rate": self.macro_error_rate,
            "false_alarms_per_hour": float(self.false_alarms_per_hour.sum()),
            "classes": [self._class_to_dict(i, protocols) for i in range(len(self.labels))],
            "failures": [{"file": one.path, "error": one.reason} for one in self.failures],
        }

    def _class_to_dict(self, i: int, protocols: Sequence[tuple[str, DecisionCounts]]) -> dict[str, Any]:
        label = self.labels[i]
        return {
            "label": label.en,
            "label_zh": label.zh,
            "index": label.index,
            "n_events": int(self.n_events[i]),
            "n_detected": int(self.n_detected[i]),
            "psds1": finite_or_none(self.psds1.per_class[i]),
            "psds2": finite_or_none(self.psds2.per_class[i]),
            **{
                f"{protocol}_{name}": float(getattr(counts, name)[i])
                for protocol, counts in protocols
                for name in ("precision", "recall", "f1")
            },
            "segment_error_rate": finite_or_none(self.segments.class_error_rates[i]),
            "false_alarms_per_hour": float(self.false_alarms_per_hour[i]),
            "threshold": float(self.thresholds[i]),
        }


def measure_detection(
    truth: Sequence[ClipEvents],
    frames: Sequence[FrameProbs],
    labels: Sequence[Label],
    thresholds: Sequence[float] | Times,
    *,
    config: EventConfig | None = None,
    failures: tuple[Failure, ...] = (),
) -> DetectionEvaluation:
    """Measure detections against the true events of sounds.

    Args:
        truth: `(class index, onset_s, offset_s)` of every event of every sound. Overlapping events of a class count
            as one; events are cut at the end of their sound.
        frames: Frame probabilities of every sound.
        labels: The classes, by index.
        thresholds: Detection thresholds, `(classes,)`.
        config: Event settings; None for the defaults.
        failures: Sounds that could not be measured, for the result.

    Raises:
        DataError: There are no events.
        ValueError: The arrays differ in shape, an event is invalid, or an event begins after its sound ends.
    """
    if not any(truth):
        raise DataError(f"none of {len(truth)} sounds has an event; at least one event is needed")
    durations_s = [one.duration_s for one in frames]
    merged = [merge_events(events, end_s) for events, end_s in zip(truth, durations_s, strict=True)]
    limits = np.asarray(thresholds, dtype=np.float64)
    detected = [one.events(limits, config or EventConfig()) for one in frames]
    scores = [one.to_frame_scores() for one in frames]
    n_classes = len(labels)
    return DetectionEvaluation(
        labels=tuple(labels),
        thresholds=limits,
        n_clips=len(frames),
        duration_s=sum(durations_s),
        n_overlapping=sum(map(len, truth)) - sum(map(len, merged)),
        collar=collar_based(merged, detected, n_classes=n_classes, settings=COLLAR),
        intersection=intersection_based(merged, detected, n_classes=n_classes, settings=INTERSECTION).decisions,
        segments=segment_based(merged, detected, durations_s, n_classes=n_classes, segment_s=SEGMENT_S),
        psds1=psds(merged, scores, durations_s, settings=PSDS1),
        psds2=psds(merged, scores, durations_s, settings=PSDS2),
        failures=failures,
    )


def merge_events(events: ClipEvents, end_s: float) -> ClipEvents:
    """Merge overlapping events of a class and cut all at the end of the sound; sorted by class and onset.

    Two dogs that bark at once are a single "dog" event to a model that scores classes, not sources.

    Examples:
        >>> merge_events([(1, 2.0, 9.0), (0, 1.0, 2.0), (0, 2.0, 3.0), (0, 2.5, 4.0)], end_s=5.0)
        [(0, 1.0, 2.0), (0, 2.0, 4.0), (1, 2.0, 5.0)]
    """
    merged: list[tuple[int, float, float]] = []
    for index, onset_s, offset_s in sorted(events):
        last = merged[-1] if merged else None
        if last is not None and last[0] == index and onset_s < last[2] - _TOUCHING_S:
            merged[-1] = index, last[1], min(max(last[2], offset_s), end_s)
        else:
            merged.append((index, onset_s, min(offset_s, end_s)))
    return merged
