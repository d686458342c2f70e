"""An evaluation of detected events as a table for people and as rows of comma-separated values."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Literal

from panns.cli.render.evaluation_table import Circumstances, as_number, counted

if TYPE_CHECKING:
    from panns.evaluation import DetectionEvaluation
    from panns.metrics import DecisionCounts

# The columns of a table of classes: a name, the key of `DetectionEvaluation.to_dict`, and digits behind the point.
_CLASS_TABLE = (
    ("events", "n_events", 0), ("detected", "n_detected", 0), ("PSDS1", "psds1", 3), ("PSDS2", "psds2", 3),
    ("collar", "collar_f1", 3), ("inters.", "intersection_f1", 3), ("segment", "segment_f1", 3),
    ("ER", "segment_error_rate", 3), ("alarms/h", "false_alarms_per_hour", 1), ("from", "threshold", 3),
)  # fmt: skip


def text_lines(
    evaluation: DetectionEvaluation, circumstances: Circumstances, *, per_class: bool, language: Literal["en", "zh"]
) -> Iterator[str]:
    """For people."""
    figures, n_classes = evaluation.to_dict(), len(evaluation.labels)
    failed = f", and {len(evaluation.failures)} that could not be measured" if evaluation.failures else ""
    mapped = f" mapped by {circumstances.label_map}" if circumstances.label_map else ""
    overlapping = f" ({evaluation.n_overlapping} that overlapped joined)" if evaluation.n_overlapping else ""
    yield f"{circumstances.model} by {circumstances.backend} on {circumstances.device}, {circumstances.date}"
    yield f"{circumstances.clips}: {counted(evaluation.n_clips, 'sound')} of {evaluation.duration_s:.1f} s{failed}"
    yield (
        f"detect, {counted(n_classes, 'class', 'classes')}{mapped}, {counted(figures['n_events'], 'event')}"
        f"{overlapping}; {figures['n_detected']} detected from {circumstances.thresholds} on"
    )
    for name, value, remark in _measures(evaluation):
        yield f"  {name:<18}{value}  {remark}"
    if per_class:
        yield ""
        yield f"  {''.join(f'{name:>9}' for name, _, _ in _CLASS_TABLE)}  label"
        for one in figures["classes"]:
            cells = "".join(f"{_cell(one[key], digits):>9}" for _, key, digits in _CLASS_TABLE)
            # The label stands last, as Chinese is twice as wide as spaces can tell.
            yield f"  {cells}  {one['label_zh' if language == 'zh' else 'label']}"


def csv_rows(evaluation: DetectionEvaluation, *, per_class: bool) -> Iterator[tuple[object, ...]]:
    """A row for each class, or for each measure of all."""
    figures = evaluation.to_dict()
    if per_class:
        yield tuple(figures["classes"][0])
        for one in figures["classes"]:
            yield tuple(one.values())
        return
    yield ("measure", "value")
    yield from ((name, value) for name, value in figures.items() if not isinstance(value, str | list))


def _measures(evaluation: DetectionEvaluation) -> Iterator[tuple[str, str, str]]:
    """Name, number and remark."""
    n_counted = int(evaluation.has_events.sum())
    mean = f"mean of {counted(n_counted, 'class', 'classes')}"
    for name, score in (("PSDS1", evaluation.psds1), ("PSDS2", evaluation.psds2)):
        class_mean = as_number(evaluation.class_mean(score))
        yield name, as_number(score.value), f"over all thresholds; {class_mean} without its cost of unequal classes"

    def f1(counts: DecisionCounts) -> tuple[str, str]:
        macro, micro = counts.macro(evaluation.has_events), counts.micro()
        parts = f"precision {micro.precision:.3f}, recall {micro.recall:.3f}"
        return as_number(macro.f1), f"{mean}; {micro.f1:.3f} of all ({parts})"

    yield "collar F1", *f1(evaluation.collar)
    yield "intersection F1", *f1(evaluation.intersection)
    yield "segment F1", *f1(evaluation.segments.decisions)
    yield "segment ER", as_number(evaluation.macro_error_rate), f"{mean}; {evaluation.segments.error_rate:.3f} of all"
    n_wrong = int(evaluation.intersection.false_positives.sum())
    yield (
        "false alarms",
        f"{evaluation.false_alarms_per_hour.sum():.1f}",
        f"an hour: {n_wrong} in {evaluation.duration_s / 60:.1f} minutes",
    )


def _cell(value: float | None, digits: int) -> str:
    return "-" if value is None else f"{value:.{digits}f}"
