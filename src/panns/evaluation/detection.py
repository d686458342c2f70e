"""How well a model finds events in time: figures from what was there, what it heard, and its scores over time.

Only arrays and events come in. The measures themselves are those of `panns.metrics.detection`; here they are put
together, for the classes that occur.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from panns.errors import DataError
from panns.evaluation.clip_scores import Failure
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
from panns.results import Array, SoundFrames

Times = npt.NDArray[np.float64]

# As the DCASE challenges measure: onsets within 0.2 s and offsets within 0.2 s or a fifth of the event; half of a
# detection on events, half of an event covered; one second a segment.
COLLAR: Final = CollarSettings(onset_s=0.2, offset_s=0.2, offset_share=0.2)
INTERSECTION: Final = IntersectionSettings(dtc=0.5, gtc=0.5)
SEGMENT_S: Final = 1.0
_HOUR_S: Final = 3600.0
# Events that end and begin at one moment do not overlap, however their times are rounded.
_TOUCHING_S: Final = 1e-6


@dataclass(frozen=True, eq=False)
class ScoredFrames:
    """What a model heard in one sound.

    Attributes:
        probs: `(frames, classes)`, at least one frame.
        onsets_s: `(frames,)`, when frames begin; rising, the first at 0 or later, the last before the end. A frame
            lasts until the next, the last one to the end.
        duration_s: Length of the sound.
    """

    probs: Array
    onsets_s: Times
    duration_s: float

    @classmethod
    def of(cls, frames: SoundFrames) -> ScoredFrames:
        """What `Recognizer.frames` gave."""
        return cls(frames.frame_probs, frames.frame_onsets_s, frames.duration_s)

    def scores(self) -> FrameScores:
        """The same for the measures that try every threshold."""
        return FrameScores(self.probs, np.append(self.onsets_s, self.duration_s))

    def events(self, thresholds: Sequence[float] | Times, config: EventConfig) -> ClipEvents:
        """What is detected, as `panns detect` does it.

        Args:
            thresholds: `(classes,)`, from which probability each class sounds.
            config: What makes an event.
        """
        limits = np.asarray(thresholds, np.float32)
        found = find_events(self.probs, self.onsets_s, self.duration_s, limits, config)
        return [(event.class_index, event.onset_s, event.offset_s) for event in found]


@dataclass(frozen=True, eq=False)
class DetectionEvaluation:
    """How well events are found.

    Attributes:
        labels: The classes that occur, in the order of everything that is `(classes,)`.
        thresholds: `(classes,)`, from which probability each sounds.
        n_clips: How many sounds were heard.
        duration_s: Their length together.
        n_overlapping: Events that overlap another one of their class, and count as one with it.
        collar: Of onsets and offsets near those of events.
        intersection: Of detections and events that overlap by half.
        segments: Of every second.
        psds1: Over all thresholds: to react fast and localise well.
        psds2: To confuse no classes.
        failures: Sounds that could not be measured and are left out.
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
        """`(classes,)`, how many there are."""
        return self.collar.support

    @property
    def n_detected(self) -> npt.NDArray[np.int64]:
        """`(classes,)`, how many were detected, rightly or not."""
        return self.collar.true_positives + self.collar.false_positives

    @property
    def has_events(self) -> npt.NDArray[np.bool_]:
        """`(classes,)`, over which means are taken: all but those whose every sound could not be measured."""
        return self.n_events > 0

    @property
    def false_alarms_per_hour(self) -> Times:
        """`(classes,)`, detections of which less than half lies on events of their class."""
        return self.intersection.false_positives.astype(np.float64) * (_HOUR_S / self.duration_s)

    @property
    def macro_error_rate(self) -> float:
        """Mean of the error rates of classes, by segments."""
        return float(self.segments.class_error_rates[self.has_events].mean())

    def class_mean(self, score: Psds) -> float:
        """Mean of a score over classes, from which that of all together takes off how much classes differ."""
        return float(score.per_class[self.has_events].mean())

    def to_dict(self) -> dict[str, Any]:
        """JSON of this evaluation; null for what there is not."""
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
            "psds1": _finite(self.psds1.per_class[i]),
            "psds2": _finite(self.psds2.per_class[i]),
            **{
                f"{protocol}_{name}": float(getattr(counts, name)[i])
                for protocol, counts in protocols
                for name in ("precision", "recall", "f1")
            },
            "segment_error_rate": _finite(self.segments.class_error_rates[i]),
            "false_alarms_per_hour": float(self.false_alarms_per_hour[i]),
            "threshold": float(self.thresholds[i]),
        }


def measure_detection(
    truth: Sequence[ClipEvents],
    heard: Sequence[ScoredFrames],
    labels: Sequence[Label],
    thresholds: Sequence[float] | Times,
    *,
    config: EventConfig | None = None,
    failures: tuple[Failure, ...] = (),
) -> DetectionEvaluation:
    """Measure what a model heard in some sounds.

    Args:
        truth: `(class index, onset_s, offset_s)` of every event of every sound. Those of one class that overlap count
            as one; what reaches beyond the end of its sound ends there.
        heard: The same sounds as the model heard them.
        labels: The classes, by index.
        thresholds: `(classes,)`, from which probability each sounds.
        config: What makes an event; None for the usual.
        failures: Which sounds could not be measured, to be told so.

    Raises:
        DataError: There is no event.
        ValueError: The arrays do not fit each other, or an event is none, or begins where its sound is over.
    """
    if not any(truth):
        raise DataError(f"none of {len(truth)} sounds has an event; nothing can be measured without")
    durations_s = [one.duration_s for one in heard]
    joined = [joined_events(events, end_s) for events, end_s in zip(truth, durations_s, strict=True)]
    limits = np.asarray(thresholds, dtype=np.float64)
    detected = [one.events(limits, config or EventConfig()) for one in heard]
    scores = [one.scores() for one in heard]
    n_classes = len(labels)
    return DetectionEvaluation(
        labels=tuple(labels),
        thresholds=limits,
        n_clips=len(heard),
        duration_s=sum(durations_s),
        n_overlapping=sum(map(len, truth)) - sum(map(len, joined)),
        collar=collar_based(joined, detected, n_classes=n_classes, settings=COLLAR),
        intersection=intersection_based(joined, detected, n_classes=n_classes, settings=INTERSECTION).decisions,
        segments=segment_based(joined, detected, durations_s, n_classes=n_classes, segment_s=SEGMENT_S),
        psds1=psds(joined, scores, durations_s, settings=PSDS1),
        psds2=psds(joined, scores, durations_s, settings=PSDS2),
        failures=failures,
    )


def joined_events(events: ClipEvents, end_s: float) -> ClipEvents:
    """Events by class and onset, those of one class that overlap made one, none beyond the end of the sound.

    Two dogs that bark at once are no more than "dog" to a model that says of every class whether it sounds.

    Example:
        >>> joined_events([(1, 2.0, 9.0), (0, 1.0, 2.0), (0, 2.0, 3.0), (0, 2.5, 4.0)], end_s=5.0)
        [(0, 1.0, 2.0), (0, 2.0, 4.0), (1, 2.0, 5.0)]
    """
    joined: list[tuple[int, float, float]] = []
    for index, onset_s, offset_s in sorted(events):
        last = joined[-1] if joined else None
        if last is not None and last[0] == index and onset_s < last[2] - _TOUCHING_S:
            joined[-1] = index, last[1], min(max(last[2], offset_s), end_s)
        else:
            joined.append((index, onset_s, min(offset_s, end_s)))
    return joined


def _finite(value: float) -> float | None:
    """JSON has neither NaN nor infinity."""
    return float(value) if math.isfinite(value) else None
