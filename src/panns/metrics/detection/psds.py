"""Polyphonic sound detection score (PSDS): share of found events against false-alarm rate, over all thresholds."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from panns.metrics.detection.curves import ThresholdCurve
from panns.metrics.detection.events import ClipEvents, Seconds, check_events
from panns.metrics.detection.intersection import IntersectionSettings, intersection_based_curves
from panns.metrics.detection.scores import FrameScores
from panns.metrics.detection.segments import check_durations

_HOUR_S: Final = 3600.0


@dataclass(frozen=True)
class PsdsSettings:
    """Criteria and weights of PSDS.

    Attributes:
        intersection: Minimum overlaps. `cttc` is a share if `alpha_ct` is above 0, else None.
        alpha_ct: Weight of cross triggers, added to false positives.
        alpha_st: Weight of the standard deviation over classes, subtracted from the mean.
        max_fp_per_hour: Upper limit of the effective false-positive rate in the area (e_max).

    Raises:
        ValueError: A weight is negative, the rate is not positive, or only one of `cttc` and `alpha_ct` is set.
    """

    intersection: IntersectionSettings
    alpha_ct: float = 0.0
    alpha_st: float = 1.0
    max_fp_per_hour: float = 100.0

    def __post_init__(self) -> None:
        for name in ("alpha_ct", "alpha_st"):
            if not 0 <= getattr(self, name) < math.inf:
                raise ValueError(f"{name}={getattr(self, name)} must be 0 or more")
        if not 0 < self.max_fp_per_hour < math.inf:
            raise ValueError(f"max_fp_per_hour={self.max_fp_per_hour} must be more than 0")
        if (self.alpha_ct > 0) != (self.intersection.cttc is not None):
            raise ValueError(
                f"alpha_ct={self.alpha_ct} and cttc={self.intersection.cttc} contradict each other; set "
                "both above 0 to count cross triggers, or alpha_ct=0 and cttc=None"
            )


# The two scenarios of DCASE task 4 since 2021: fast and well-localised detection; few confusions of classes.
PSDS1: Final = PsdsSettings(IntersectionSettings(dtc=0.7, gtc=0.7))
PSDS2: Final = PsdsSettings(IntersectionSettings(dtc=0.1, gtc=0.1, cttc=0.3), alpha_ct=0.5)


@dataclass(frozen=True, eq=False)
class Psds:
    """PSDS and its curve.

    Attributes:
        value: Score, 0 to 1: the area under the curve.
        per_class: `(classes,)`, score of every class alone; NaN for a class without events in the ground truth.
        fp_per_hour: `(steps,)`, effective false positives per hour at the steps of the curve, rising from 0.
        found: `(steps,)`, effective share of found events from a step to the next one.
    """

    value: float
    per_class: Seconds
    fp_per_hour: Seconds
    found: Seconds


def psds(
    truth: Sequence[ClipEvents],
    scores: Sequence[FrameScores],
    durations_s: Sequence[float],
    *,
    settings: PsdsSettings = PSDS1,
) -> Psds:
    """Exact PSDS, from every threshold that changes a count.

    Args:
        truth: `(class index, onset_s, offset_s)` of every event of every clip.
        scores: The frame scores of every clip, after any smoothing.
        durations_s: Length of every clip in seconds.
        settings: `PSDS1`, `PSDS2` or others.

    Returns:
        The score and its curve. Classes without events in the ground truth count neither in the mean nor as cross
        triggers.

    Raises:
        ValueError: The numbers of clips or classes differ, there are no events, or an event is invalid.

    Source: Bilen et al. 2020, arXiv:1910.08440 (effective rates of true and false positives, PSD-ROC, PSDS); all
        thresholds at once by Ebbers et al. 2022, arXiv:2201.13148. Equal to sed_scores_eval 0.0.4.

    Examples:
        >>> clip = FrameScores.from_hop(np.array([[0.1, 0.9], [0.8, 0.2], [0.7, 0.3], [0.2, 0.1]]), hop_s=0.5)
        >>> result = psds([[(0, 0.5, 1.5), (1, 0.0, 0.5)]], [clip], [2.0])
        >>> result.value, result.per_class
        (1.0, array([1., 1.]))
    """
    lengths_s = check_durations(durations_s, len(truth))
    curves = intersection_based_curves(truth, scores, settings=settings.intersection)
    is_counted = np.array([curve.n_events > 0 for curve in curves])
    if not is_counted.any():
        raise ValueError("0 events in the ground truth; the share of found events needs at least one")
    events_s = np.zeros(len(curves))
    for events in check_events(truth, len(curves), what="the ground truth"):
        np.add.at(events_s, events.classes, events.intervals.lengths_s)
    counted = np.flatnonzero(is_counted)
    duration_s = float(lengths_s.sum())
    rocs = [_roc(curves[one], counted[counted != one], events_s, duration_s, settings) for one in counted]
    per_class = np.full(len(curves), np.nan)
    per_class[counted] = [roc.area(settings.max_fp_per_hour) for roc in rocs]
    overall = _combine(rocs, settings.alpha_st)
    return Psds(overall.area(settings.max_fp_per_hour), per_class, overall.fp_per_hour, overall.found)


@dataclass(frozen=True, eq=False)
class _Staircase:
    """Share of found events as a step function of the false-positive rate."""

    fp_per_hour: Seconds
    found: Seconds

    def at(self, fp_per_hour: Seconds) -> Seconds:
        """Shares at these rates, which must not lie before the first step."""
        values: Seconds = self.found[np.searchsorted(self.fp_per_hour, fp_per_hour, side="right") - 1]
        return values

    def area(self, max_fp_per_hour: float) -> float:
        """Area under the curve up to a maximum rate, 0 to 1."""
        widths = np.diff(np.append(self.fp_per_hour, max_fp_per_hour))
        return float(self.found @ widths / max_fp_per_hour)


def _roc(
    curve: ThresholdCurve,
    others: npt.NDArray[np.intp],
    events_s: Seconds,
    duration_s: float,
    settings: PsdsSettings,
) -> _Staircase:
    """Best share of found events of one class at every effective false-positive rate."""
    fp_rate = curve.false_positives / duration_s
    if settings.alpha_ct and len(others):
        fp_rate = fp_rate + settings.alpha_ct * (curve.cross_triggers[:, others] / events_s[others]).mean(axis=1)
    fp_per_hour = fp_rate * _HOUR_S
    # The threshold at infinity finds nothing and costs nothing, so that every curve starts at a rate of 0.
    is_inside = fp_per_hour <= settings.max_fp_per_hour
    rates, inverse = np.unique(fp_per_hour[is_inside], return_inverse=True)
    best = np.zeros(len(rates))
    np.maximum.at(best, inverse, curve.true_positives[is_inside] / curve.n_events)
    return _Staircase(rates, np.maximum.accumulate(best))


def _combine(rocs: Sequence[_Staircase], alpha_st: float) -> _Staircase:
    """Mean over classes minus the weighted standard deviation, at least 0."""
    rates = np.unique(np.concatenate([roc.fp_per_hour for roc in rocs]))
    found = np.array([roc.at(rates) for roc in rocs])
    return _Staircase(rates, np.maximum(found.mean(axis=0) - alpha_st * found.std(axis=0), 0.0))
