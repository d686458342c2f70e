"""The polyphonic sound detection score: how many events are found for a rate of false alarms, over all thresholds."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from panns.metrics.detection.curves import ThresholdCurve
from panns.metrics.detection.events import ClipEvents, Seconds, checked_events
from panns.metrics.detection.intersection import IntersectionSettings, intersection_based_curves
from panns.metrics.detection.scores import FrameScores
from panns.metrics.detection.segments import checked_durations

_HOUR_S: Final = 3600.0


@dataclass(frozen=True)
class PsdsSettings:
    """What counts as found, and what a false alarm, a cross trigger and unequal classes cost.

    Attributes:
        intersection: How much has to overlap; its `cttc` is needed where `alpha_ct` is above 0, and only there.
        alpha_ct: Weight of cross triggers beside false positives.
        alpha_st: Weight of the standard deviation over classes, taken off the mean.
        max_fp_per_hour: Up to which effective rate of false positives the curve counts (e_max).

    Raises:
        ValueError: A weight is negative, the rate is not positive, or `cttc` and `alpha_ct` do not go together.
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
                f"alpha_ct={self.alpha_ct} and cttc={self.intersection.cttc} do not go together; cross triggers need "
                "both above 0, and without them alpha_ct is 0 and cttc None"
            )


# The two scenarios of DCASE task 4 since 2021: to react fast and localise well; to confuse no classes.
PSDS1: Final = PsdsSettings(IntersectionSettings(dtc=0.7, gtc=0.7))
PSDS2: Final = PsdsSettings(IntersectionSettings(dtc=0.1, gtc=0.1, cttc=0.3), alpha_ct=0.5)


@dataclass(frozen=True, eq=False)
class Psds:
    """A score and the curve that it is the area under.

    Attributes:
        value: The score, 0 to 1.
        per_class: `(classes,)`, the same of every class alone; NaN for a class without events in the ground truth.
        fp_per_hour: `(steps,)`, effective false positives per hour at which the curve steps up, rising from 0.
        found: `(steps,)`, effective share of events found from there to the next step.
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
    """Polyphonic sound detection score, exact: every threshold that makes a difference is tried.

    Args:
        truth: `(class index, onset_s, offset_s)` of every event of every clip.
        scores: The frame scores of every clip, after any smoothing.
        durations_s: Length of every clip.
        settings: `PSDS1`, `PSDS2` or others.

    Returns:
        The score and its curve. Classes without events in the ground truth take no part, in the mean and as others
        that could be triggered by: what is found of them has no share.

    Raises:
        ValueError: The clips are not the same, have different classes, no class has an event, or an event is none.

    Source: Bilen et al. 2020, arXiv:1910.08440 (effective rates of true and false positives, PSD-ROC, PSDS); all
        thresholds at once by Ebbers et al. 2022, arXiv:2201.13148. Equal to sed_scores_eval 0.0.4.

    Example:
        >>> clip = FrameScores.of_hop(np.array([[0.1, 0.9], [0.8, 0.2], [0.7, 0.3], [0.2, 0.1]]), hop_s=0.5)
        >>> result = psds([[(0, 0.5, 1.5), (1, 0.0, 0.5)]], [clip], [2.0])
        >>> result.value, result.per_class
        (1.0, array([1., 1.]))
    """
    lengths_s = checked_durations(durations_s, len(truth))
    curves = intersection_based_curves(truth, scores, settings=settings.intersection)
    is_counted = np.array([curve.n_events > 0 for curve in curves])
    if not is_counted.any():
        raise ValueError("no class has an event in the ground truth; the share of events found needs at least one")
    events_s = np.zeros(len(curves))
    for events in checked_events(truth, len(curves), what="the ground truth"):
        np.add.at(events_s, events.classes, events.intervals.lengths_s)
    counted = np.flatnonzero(is_counted)
    duration_s = float(lengths_s.sum())
    rocs = [_roc(curves[one], counted[counted != one], events_s, duration_s, settings) for one in counted]
    per_class = np.full(len(curves), np.nan)
    per_class[counted] = [roc.area(settings.max_fp_per_hour) for roc in rocs]
    overall = _combined(rocs, settings.alpha_st)
    return Psds(overall.area(settings.max_fp_per_hour), per_class, overall.fp_per_hour, overall.found)


@dataclass(frozen=True, eq=False)
class _Staircase:
    """Share of events found, from each rate of false positives to the next."""

    fp_per_hour: Seconds
    found: Seconds

    def at(self, fp_per_hour: Seconds) -> Seconds:
        """The share at these rates, all of them at or after the first step."""
        values: Seconds = self.found[np.searchsorted(self.fp_per_hour, fp_per_hour, side="right") - 1]
        return values

    def area(self, max_fp_per_hour: float) -> float:
        """As a share of the area up to the largest rate."""
        widths = np.diff(np.append(self.fp_per_hour, max_fp_per_hour))
        return float(self.found @ widths / max_fp_per_hour)


def _roc(
    curve: ThresholdCurve,
    others: npt.NDArray[np.intp],
    events_s: Seconds,
    duration_s: float,
    settings: PsdsSettings,
) -> _Staircase:
    """The best share of events of one class at every effective rate of false positives."""
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


def _combined(rocs: Sequence[_Staircase], alpha_st: float) -> _Staircase:
    """Mean over classes less the weighted standard deviation, never below 0."""
    rates = np.unique(np.concatenate([roc.fp_per_hour for roc in rocs]))
    found = np.array([roc.at(rates) for roc in rocs])
    return _Staircase(rates, np.maximum(found.mean(axis=0) - alpha_st * found.std(axis=0), 0.0))
