"""Results of our measures for a case, under the names of the golden values."""

import numpy as np

from panns.metrics import (
    PSDS1,
    PSDS2,
    CollarSettings,
    IntersectionSettings,
    PsdsSettings,
    best_f1,
    collar_based,
    collar_based_curves,
    intersection_based,
    intersection_based_curves,
    psds,
    segment_based,
)
from tests.golden.detection import has_one_best


def measure_case(case):
    return _of_scores(case) | _of_events(case)


def f1_curve(curve):
    return 2 * curve.true_positives / (curve.true_positives + curve.false_positives + curve.n_events)


def _of_scores(case):
    found = {}
    has_others = case.n_classes > 1
    shares = IntersectionSettings(case.dtc, case.gtc, case.cttc if has_others else None)
    alpha_ct = case.alpha_ct if has_others else 0.0
    settings = {"psds1": PSDS1, "psds": PsdsSettings(shares, alpha_ct, case.alpha_st, case.max_fp_per_hour)}
    if has_others:
        settings["psds2"] = PSDS2
    for name, options in settings.items():
        result = psds(case.truth, case.scores, case.durations_s, settings=options)
        found[name] = [result.value, *result.per_class]
    detected = [clip.events(case.thresholds) for clip in case.scores]
    at = {
        "collar": collar_based(case.truth, detected, n_classes=case.n_classes),
        "intersection": intersection_based(case.truth, detected, n_classes=case.n_classes, settings=shares).decisions,
    }
    curves = {
        "collar": collar_based_curves(case.truth, case.scores),
        "intersection": intersection_based_curves(
            case.truth, case.scores, settings=IntersectionSettings(case.dtc, case.gtc)
        ),
    }
    for name, counts in at.items():
        found[f"{name}_at"] = [*counts.f1, counts.macro().f1, counts.micro().f1]
        best = best_f1(curves[name])
        found[f"{name}_best"] = best.counts.f1
        is_only = [has_one_best(f1_curve(curve)) for curve in curves[name]]
        found[f"{name}_thresholds"] = np.where(is_only, best.thresholds, np.nan)
    return found


def _of_events(case):
    events = {"truth": case.truth, "detected": case.detected, "n_classes": case.n_classes}
    shares = intersection_based(**events, settings=IntersectionSettings(case.dtc, case.gtc, case.cttc))
    decisions = shares.decisions
    collar = collar_based(**events, settings=CollarSettings(case.collar_s, case.collar_s, case.collar_share))
    segments = segment_based(**events, durations_s=case.lengths_s, segment_s=case.segment_s)
    found = {
        "counts": np.stack([decisions.true_positives, decisions.false_positives], axis=1).ravel(),
        "cross_triggers": shares.cross_triggers.ravel(),
    }
    for name, counts in (("events", collar), ("segments", segments.decisions)):
        total = counts.micro()
        found[name] = [*counts.f1, counts.macro(counts.support > 0).f1, total.f1, total.precision, total.recall]
    n_active = segments.decisions.support.sum()
    errors = [segments.n_substitutions, segments.n_deletions, segments.n_insertions]
    found["error_rates"] = [segments.error_rate, *(n / n_active for n in errors), *segments.class_error_rates]
    return found
