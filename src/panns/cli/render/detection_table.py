"""Evaluation of events as text and as CSV rows."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Literal

from panns.cli.render.evaluation_table import EvaluationRun, count, format_number

if TYPE_CHECKING:
    from panns.evaluation import DetectionEvaluation
    from panns.metrics import DecisionCounts

# Columns of the table of classes: title, key of `DetectionEvaluation.to_dict`, number of decimals.
_CLASS_TABLE = (
    ("events", "n_events", 0), ("detected", "n_detected", 0), ("PSDS1", "psds1", 3), ("PSDS2", "psds2", 3),
    ("collar", "collar_f1", 3), ("inters.", "intersection_f1", 3), ("segment", "segment_f1", 3),
    ("ER", "segment_error_rate", 3), ("alarms/h", "false_alarms_per_hour", 1), ("thresh.", "threshold", 3),
)  # fmt: skip


def text_lines(
    evaluation: DetectionEvaluation, run: EvaluationRun, *, per_class: bool, language: Literal["en", "zh"]
) -> Iterator[str]:
    """Text: the run, the measures, and with `per_class` the classes."""
    figures, n_classes = evaluation.to_dict(), len(evaluation.labels)
    failed = f", and {len(evaluation.failures)} that could not be measured" if evaluation.failures else ""
    mapped = f" mapped by {run.label_map}" if run.label_map else ""
    overlapping = f" ({evaluation.n_overlapping} overlapping ones joined)" if evaluation.n_overlapping else ""
    yield f"{run.model} by {run.backend} on {run.device}, {run.date}"
    yield f"{run.clips}: {count(evaluation.n_clips, 'sound')} of {evaluation.duration_s:.1f} s{failed}"
    yield (
        f"detect, {count(n_classes, 'class', 'classes')}{mapped}, {count(figures['n_events'], 'event')}"
        f"{overlapping}; {figures['n_detected']} detected, thresholds: {run.thresholds}"
    )
    for name, value, remark in _measures(evaluation):
        yield f"  {name:<18}{value}  {remark}"
    if per_class:
        yield ""
        yield f"  {''.join(f'{name:>9}' for name, _, _ in _CLASS_TABLE)}  label"
        for one in figures["classes"]:
            cells = "".join(f"{_cell(one[key], digits):>9}" for _, key, digits in _CLASS_TABLE)
            # The label comes last, because Chinese characters are two columns wide.
            yield f"  {cells}  {one['label_zh' if language == 'zh' else 'label']}"


def csv_rows(evaluation: DetectionEvaluation, *, per_class: bool) -> Iterator[tuple[object, ...]]:
    """One row per class, or one per measure of all classes."""
    figures = evaluation.to_dict()
    if per_class:
        yield tuple(figures["classes"][0])
        for one in figures["classes"]:
            yield tuple(one.values())
        return
    yield ("measure", "value")
    yield from ((name, value) for name, value in figures.items() if not isinstance(value, str | list))


def _measures(evaluation: DetectionEvaluation) -> Iterator[tuple[str, str, str]]:
    """Name, value and remark of each measure."""
    n_counted = int(evaluation.has_events.sum())
    mean = f"mean of {count(n_counted, 'class', 'classes')}"
    for name, score in (("PSDS1", evaluation.psds1), ("PSDS2", evaluation.psds2)):
        class_mean = format_number(evaluation.class_mean(score))
        yield (
            name,
            format_number(score.value),
            f"over all thresholds; {class_mean} without the penalty for variation between classes",
        )

    def f1(counts: DecisionCounts) -> tuple[str, str]:
        macro, micro = counts.macro(evaluation.has_events), counts.micro()
        parts = f"precision {micro.precision:.3f}, recall {micro.recall:.3f}"
        return format_number(macro.f1), f"{mean}; {micro.f1:.3f} over all events ({parts})"

    yield "collar F1", *f1(evaluation.collar)
    yield "intersection F1", *f1(evaluation.intersection)
    yield "segment F1", *f1(evaluation.segments.decisions)
    yield (
        "segment ER",
        format_number(evaluation.macro_error_rate),
        f"{mean}; {evaluation.segments.error_rate:.3f} over all segments",
    )
    n_wrong = int(evaluation.intersection.false_positives.sum())
    yield (
        "false alarms",
        f"{evaluation.false_alarms_per_hour.sum():.1f}",
        f"per hour: {n_wrong} in {evaluation.duration_s / 60:.1f} minutes",
    )


def _cell(value: float | None, digits: int) -> str:
    return "-" if value is None else f"{value:.{digits}f}"
