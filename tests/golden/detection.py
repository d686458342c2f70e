"""Make `detection.npz`: results of sed_scores_eval 0.0.4 and sed_eval 0.2.1 on the cases of `tests/metrics/detection`.

Run in a separate environment (`pip install sed_eval==0.2.1 sed_scores_eval==0.0.4 'setuptools<81' 'pandas<3'`),
from the root of the checkout:

    PYTHONPATH=.:src python -m tests.golden.detection 4000

This measures 4,000 cases with both, compares the results, prints the largest differences and saves the first 60 cases.
"""

import sys
import warnings
from pathlib import Path
from typing import Any

import numpy as np

N_KEPT = 60
FILE = Path(__file__).with_name("detection.npz")


def reference_results(case):
    """All results of the two libraries for one case: name to numbers."""
    return _of_scores(case) | _of_events(case)


def _of_scores(case):
    from sed_scores_eval import collar_based, intersection_based
    from sed_scores_eval.base_modules.scores import create_score_dataframe

    names = [f"class{index}" for index in range(case.n_classes)]
    scores = {
        f"{clip:02}": create_score_dataframe(one.scores, one.edges_s, names) for clip, one in enumerate(case.scores)
    }
    truth = {
        f"{clip:02}": [(onset_s, offset_s, names[index]) for index, onset_s, offset_s in events]
        for clip, events in enumerate(case.truth)
    }
    durations_s = dict(zip(scores, case.durations_s, strict=True))
    found = {}
    cross = {} if case.n_classes == 1 else {"cttc_threshold": case.cttc, "alpha_ct": case.alpha_ct}
    settings = {
        "psds1": {"dtc_threshold": 0.7, "gtc_threshold": 0.7, "alpha_st": 1.0, "max_efpr": 100.0},
        "psds": {
            "dtc_threshold": case.dtc,
            "gtc_threshold": case.gtc,
            "alpha_st": case.alpha_st,
            "max_efpr": case.max_fp_per_hour,
        }
        | cross,
    }
    if case.n_classes > 1:
        settings["psds2"] = settings["psds1"] | {
            "dtc_threshold": 0.1,
            "gtc_threshold": 0.1,
            "cttc_threshold": 0.3,
            "alpha_ct": 0.5,
        }
    for name, options in settings.items():
        value, per_class, *_ = intersection_based.psds(scores, truth, durations_s, **options)
        found[name] = [value, *(per_class[one] for one in names)]
    thresholds = dict(zip(names, case.thresholds.tolist(), strict=True))
    for name, module, options in (
        ("collar", collar_based, {"onset_collar": 0.2, "offset_collar": 0.2, "offset_collar_rate": 0.2}),
        ("intersection", intersection_based, {"dtc_threshold": case.dtc, "gtc_threshold": case.gtc}),
    ):
        f1, *_ = module.fscore(scores, truth, thresholds, **options)
        found[f"{name}_at"] = [f1[one] for one in (*names, "macro_average", "micro_average")]
        f1, _, _, best, _ = module.best_fscore(scores, truth, **options)
        found[f"{name}_best"] = [f1[one] for one in names]
        f1_curves = {one: curve[0] for one, curve in module.fscore_curve(scores, truth, **options).items()}
        found[f"{name}_thresholds"] = [best[one] if has_one_best(f1_curves[one]) else np.nan for one in names]
    return found


def has_one_best(f1_curve):
    """True if a single threshold is the best; sed_scores_eval chooses among equal ones by rounding error."""
    return (f1_curve > max(f1_curve) - 1e-12).sum() == 1


def _of_events(case):
    import sed_eval
    from sed_scores_eval.intersection_based.intermediate_statistics import statistics_fn

    names = [f"class{index}" for index in range(case.n_classes)]
    collar = sed_eval.sound_event.EventBasedMetrics(
        names,
        t_collar=case.collar_s,
        percentage_of_length=case.collar_share,
        empty_system_output_handling="zero_score",
    )
    segments = sed_eval.sound_event.SegmentBasedMetrics(names, time_resolution=case.segment_s)
    segments.empty_system_output_handling = "zero_score"
    counts = np.zeros((case.n_classes, 2), int)
    cross_triggers = np.zeros((case.n_classes, case.n_classes), int)
    for true, detected, length_s in zip(case.truth, case.detected, case.lengths_s, strict=True):
        lists = [
            [
                {"event_onset": on, "event_offset": off, "event_label": names[index], "filename": "a"}
                for index, on, off in e
            ]
            for e in (true, detected)
        ]
        collar.evaluate(*lists)
        segments.evaluate(*lists, evaluated_length_seconds=length_s)
        for index in range(case.n_classes):
            found_on, found_off = _times(detected, index)
            on, off = zip(*(_times(true, other) for other in range(case.n_classes)), strict=True)
            others = [other for other in range(case.n_classes) if other != index]
            stats = statistics_fn(
                found_on[None], found_off[None], on[index], off[index],
                {other: on[other] for other in others}, {other: off[other] for other in others},
                case.dtc, case.gtc, case.cttc,
            )  # fmt: skip
            counts[index] += stats["tps"][0], stats["fps"][0]
            for other in others:
                cross_triggers[index, other] += stats["cts"][other][0]
    found = {"counts": counts.ravel(), "cross_triggers": cross_triggers.ravel()}
    for name, metrics in (("events", collar), ("segments", segments)):
        results = metrics.results()
        overall = results["overall"]["f_measure"]
        found[name] = [
            *(results["class_wise"][one]["f_measure"]["f_measure"] for one in names),
            results["class_wise_average"]["f_measure"]["f_measure"],
            *(overall[one] for one in ("f_measure", "precision", "recall")),
        ]
    errors = results["overall"]["error_rate"]
    rates = ("error_rate", "substitution_rate", "deletion_rate", "insertion_rate")
    found["error_rates"] = [
        *(errors[one] for one in rates),
        *(results["class_wise"][one]["error_rate"]["error_rate"] for one in names),
    ]
    return found


def _times(events, index):
    rows = [(onset_s, offset_s) for event_index, onset_s, offset_s in events if event_index == index]
    return np.array(rows, dtype=float).reshape(len(rows), 2).T


def main(n_cases):
    from tests.metrics.detection.cases import random_case
    from tests.metrics.detection.ours import measure_case

    warnings.simplefilter("ignore")
    kept: list[Any] = []
    largest: dict[str, float] = {}
    failed = []
    for seed in range(n_cases):
        case = random_case(seed)
        ours = measure_case(case)
        try:
            theirs = reference_results(case)
        except AssertionError:  # sed_scores_eval fails on its own shapes when no threshold finds anything
            failed.append(seed)
            continue
        assert theirs.keys() == ours.keys()
        for name, values in theirs.items():
            np.testing.assert_allclose(ours[name], values, rtol=0, atol=1e-9, err_msg=f"{name} of case {seed}")
            pairs = [(a, b) for a, b in zip(values, ours[name], strict=True) if np.isfinite(a)]
            largest[name] = max([largest.get(name, 0.0), *(float(abs(a - b)) for a, b in pairs)])
        if seed < N_KEPT:
            kept.append(theirs)
        if seed % 200 == 199:
            print(seed + 1, "cases, failed", failed, "largest differences", largest, flush=True)  # noqa: T201
    assert len(kept) == min(N_KEPT, n_cases)
    names = list(dict.fromkeys(name for one in kept for name in one))
    flat = {name: np.concatenate([np.asarray(one.get(name, []), float) for one in kept]) for name in names}
    np.savez_compressed(FILE, n_cases=len(kept), **flat)


if __name__ == "__main__":
    main(int(sys.argv[1]))
