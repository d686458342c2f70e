"""Evaluation of clips as text and as CSV rows."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from panns.evaluation import ClassResult, ClipEvaluation

CLASS_COLUMNS = (
    "index", "label", "label_zh", "n_clips", "average_precision", "auc", "precision", "recall", "f1", "threshold",
)  # fmt: skip
# Keys of `ClipEvaluation.to_dict` with a single number.
MEASURES = (
    "n_clips", "n_failed", "n_classes", "mean_average_precision", "n_classes_with_average_precision", "mean_auc",
    "n_classes_with_auc", "d_prime", "accuracy", "top5_accuracy", "micro_precision", "micro_recall", "micro_f1",
    "macro_precision", "macro_recall", "macro_f1", "calibration_error", "maximum_calibration_error", "brier_score",
    "log_loss",
)  # fmt: skip


@dataclass(frozen=True)
class EvaluationRun:
    """Model, data and date of an evaluation, printed with its result.

    Attributes:
        model: Name or path of the model, as given by the user.
        backend: Backend that computed the scores.
        device: Device that computed the scores.
        clip_list: Path of the clip list or table of events.
        folds: Evaluated folds; empty for all.
        label_map: File that maps labels of the clips to classes of the model; None without one.
        thresholds: Description of the thresholds; None for single-label.
        date: Date of the evaluation, ISO 8601.
    """

    model: str
    backend: str
    device: str
    clip_list: str
    folds: tuple[str, ...]
    label_map: str | None
    thresholds: str | None
    date: str

    @property
    def clips(self) -> str:
        """Path of the clips, with the folds."""
        folds = f", fold{'s' * (len(self.folds) > 1)} {', '.join(self.folds)}" if self.folds else ""
        return f"{self.clip_list}{folds}"

    def to_dict(self) -> dict[str, Any]:
        """JSON of the run."""
        return asdict(self) | {"folds": list(self.folds)}


def text_lines(
    evaluation: ClipEvaluation, run: EvaluationRun, *, per_class: bool, language: Literal["en", "zh"]
) -> Iterator[str]:
    """Text: the run, the measures, and with `per_class` the classes."""
    n_classes = len(evaluation.classes)
    yield f"{run.model} by {run.backend} on {run.device}, {run.date}"
    yield f"{run.clips}: {count(evaluation.n_clips, 'clip')}{_failed_text(evaluation)}"
    mapped = f" mapped by {run.label_map}" if run.label_map else ""
    present = f", thresholds: {run.thresholds}" if run.thresholds else ""
    yield f"{evaluation.task}, {count(n_classes, 'class', 'classes')}{mapped}{present}"
    for name, value, remark in _measures(evaluation):
        yield f"  {name:<18}{format_number(value)}{f'  {remark}' if remark else ''}"
    if per_class:
        yield ""
        yield from _class_lines(evaluation.classes, language)


def csv_rows(evaluation: ClipEvaluation, *, per_class: bool) -> Iterator[tuple[object, ...]]:
    """One row per class, or one per measure of all classes."""
    if per_class:
        yield CLASS_COLUMNS
        for one in evaluation.classes:
            values = one.to_dict()
            yield tuple(values[name] for name in CLASS_COLUMNS)
        return
    yield ("measure", "value")
    values = evaluation.to_dict()
    for name in MEASURES:
        yield name, values[name]


def _measures(evaluation: ClipEvaluation) -> Iterator[tuple[str, float, str]]:
    """Name, value and remark of each measure that the evaluation has."""
    of = len(evaluation.classes)
    if evaluation.accuracy is not None:
        yield "accuracy", evaluation.accuracy, ""
    if evaluation.top5_accuracy is not None:
        yield "top-5 accuracy", evaluation.top5_accuracy, ""
    precisions, areas, macro, micro = (
        evaluation.mean_average_precision, evaluation.mean_auc, evaluation.macro, evaluation.micro,
    )  # fmt: skip
    yield "mAP", precisions.value, f"mean of {precisions.n_classes} of {of} classes"
    yield "mAUC", areas.value, f"mean of {areas.n_classes} of {of} classes"
    yield "d-prime", evaluation.d_prime, ""
    for name in ("precision", "recall", "f1"):
        value, of_all = getattr(macro, name), getattr(micro, name)
        remark = f"mean of {precisions.n_classes} of {of} classes; {of_all:.3f} over all predictions"
        yield name.replace("f1", "F1"), value, remark
    diagram = evaluation.reliability
    yield (
        "calibration error",
        diagram.expected_error,
        f"at most {diagram.maximum_error:.3f} in {len(diagram.counts)} bins",
    )
    if evaluation.brier_score is not None:
        yield "Brier score", evaluation.brier_score, ""
    if evaluation.log_loss is not None:
        yield "log loss", evaluation.log_loss, ""


def _class_lines(classes: tuple[ClassResult, ...], language: Literal["en", "zh"]) -> Iterator[str]:
    """Lines of the classes with clips. The label comes last, because Chinese characters are two columns wide."""
    has_thresholds = classes[0].threshold is not None
    last = f"{'thresh.':>8}" if has_thresholds else ""
    yield f"  {'clips':>6}{'AP':>8}{'AUC':>8}{'prec.':>8}{'recall':>8}{'F1':>8}{last}  label"
    for one in classes:
        if one.n_clips:
            numbers = [one.average_precision, one.auc, one.precision, one.recall, one.f1]
            if one.threshold is not None:
                numbers.append(one.threshold)
            columns = "".join(f"{format_number(value):>8}" for value in numbers)
            yield f"  {one.n_clips:>6}{columns}  {one.label.zh if language == 'zh' else one.label.en}"
    missing = sum(not one.n_clips for one in classes)
    if missing:
        yield f"  {count(missing, 'class', 'classes')} without clips not shown"


def format_number(value: float) -> str:
    """Three decimals, or a dash for NaN."""
    return "-" if math.isnan(value) else f"{value:.3f}"


def count(n: int, one: str, many: str | None = None) -> str:
    """A number with its noun, such as "2 clips"."""
    return f"{n} {one if n == 1 else many or f'{one}s'}"


def _failed_text(evaluation: ClipEvaluation) -> str:
    n_failed = len(evaluation.failures)
    return f", and {n_failed} that could not be read" if n_failed else ""
