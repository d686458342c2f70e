"""Quality of clip scores: ranking, decision and calibration measures, overall and per class."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from panns.errors import DataError
from panns.evaluation.categories import Categories
from panns.evaluation.clip_scoring import Failure
from panns.evaluation.label_tasks import Task, check_thresholds
from panns.labels import Label
from panns.metrics import (
    ClassMean,
    DecisionCounts,
    PrecisionRecall,
    Reliability,
    average_precision,
    binary_brier_score,
    binary_log_loss,
    brier_score,
    class_mean,
    confusion_matrix,
    d_prime,
    is_distribution,
    log_loss,
    ranks_of_truth,
    reliability,
    roc_auc,
    top_class_reliability,
)
from panns.system.arrays import Array
from panns.system.defaults import DEFAULT_THRESHOLD

TOP_K = 5


@dataclass(frozen=True)
class ClassResult:
    """Measures of one class.

    Attributes:
        label: The class.
        n_clips: Number of clips of this class.
        average_precision: NaN without a clip of this class.
        auc: Area under the ROC curve; NaN without a clip of this class, or if all clips are of it.
        precision: Share of the positive decisions that are right; 0 without a positive decision.
        recall: Share of the clips of this class that are found; 0 without a clip of it.
        f1: Harmonic mean of precision and recall.
        threshold: Probability at which the class counts as present; None if the highest class was taken.
    """

    label: Label
    n_clips: int
    average_precision: float
    auc: float
    precision: float
    recall: float
    f1: float
    threshold: float | None

    def to_dict(self) -> dict[str, Any]:
        """JSON object of this class; null for an undefined value."""
        return {
            "label": self.label.en,
            "label_zh": self.label.zh,
            "index": self.label.index,
            "n_clips": self.n_clips,
            "average_precision": finite_or_none(self.average_precision),
            "auc": finite_or_none(self.auc),
            "precision": self.precision,
            "recall": self.recall,
            "f1": self.f1,
            "threshold": self.threshold,
        }


@dataclass(frozen=True, eq=False)
class ClipEvaluation:
    """Quality of a model's scores of labelled clips.

    Attributes:
        task: "single-label": every clip has one class, and the highest score decides; "multi-label": a clip has any
            number of classes, and thresholds decide.
        clips: `(clips,)`, indices of the scored clips among the given ones.
        scores: `(clips, classes)` float32, probabilities.
        targets: `(clips, classes)`, True where the clip has the class.
        failures: Clips that could not be read and were left out.
        mean_average_precision: Mean over the classes with at least one clip.
        mean_auc: Mean area under the ROC curve, over the classes with positive and negative clips.
        accuracy: Share of clips with the right class on top; None for multi-label.
        top5_accuracy: Share of clips with the right class among the five highest; None for multi-label, or for up to 5
            classes.
        micro: Precision, recall and F1 of all decisions.
        macro: Means of precision, recall and F1 over the classes with at least one clip.
        reliability: Reliability diagram: of the highest class for single-label, of all scores for multi-label.
        brier_score: For single-label the sum over the classes of a clip, 0 to 2, and None if its scores do not sum to
            1; for multi-label the mean over clips and classes.
        log_loss: Negative log-likelihood; None in the cases of `brier_score`.
        classes: Measures of every class.
        confusion: `(classes, classes)`, number of clips by true class (rows) and predicted class (columns); None for
            multi-label.
    """

    task: Task
    clips: npt.NDArray[np.intp]
    scores: Array
    targets: npt.NDArray[np.bool_]
    failures: tuple[Failure, ...]
    mean_average_precision: ClassMean
    mean_auc: ClassMean
    accuracy: float | None
    top5_accuracy: float | None
    micro: PrecisionRecall
    macro: PrecisionRecall
    reliability: Reliability
    brier_score: float | None
    log_loss: float | None
    classes: tuple[ClassResult, ...]
    confusion: npt.NDArray[np.int64] | None

    @property
    def n_clips(self) -> int:
        """Number of scored clips."""
        return len(self.clips)

    @property
    def d_prime(self) -> float:
        """d', computed from the mean area under the ROC curve; infinite if the area is 1."""
        return d_prime(self.mean_auc.value)

    def to_dict(self) -> dict[str, Any]:
        """JSON object of this evaluation without the scores; null for an undefined or infinite value."""
        diagram = self.reliability
        return {
            "task": self.task,
            "n_clips": self.n_clips,
            "n_failed": len(self.failures),
            "n_classes": len(self.classes),
            "mean_average_precision": finite_or_none(self.mean_average_precision.value),
            "n_classes_with_average_precision": self.mean_average_precision.n_classes,
            "mean_auc": finite_or_none(self.mean_auc.value),
            "n_classes_with_auc": self.mean_auc.n_classes,
            "d_prime": finite_or_none(self.d_prime),
            "accuracy": self.accuracy,
            "top5_accuracy": self.top5_accuracy,
            **{
                f"{which}_{name}": value
                for which, values in (("micro", self.micro), ("macro", self.macro))
                for name, value in (("precision", values.precision), ("recall", values.recall), ("f1", values.f1))
            },
            "calibration_error": diagram.expected_error,
            "maximum_calibration_error": diagram.maximum_error,
            "brier_score": self.brier_score,
            "log_loss": self.log_loss,
            "classes": [one.to_dict() for one in self.classes],
            "confusion": None if self.confusion is None else self.confusion.tolist(),
            "reliability": {
                "edges": diagram.edges.tolist(),
                "counts": diagram.counts.tolist(),
                "confidence": [finite_or_none(value) for value in diagram.confidence.tolist()],
                "share_right": [finite_or_none(value) for value in diagram.share_right.tolist()],
            },
            "failures": [{"file": one.path, "error": one.reason} for one in self.failures],
        }


def measure_clips(
    probs: Array,
    targets: npt.NDArray[np.bool_],
    categories: Categories,
    *,
    task: Task,
    thresholds: float | Sequence[float] = DEFAULT_THRESHOLD,
    clips: npt.NDArray[np.intp] | None = None,
    failures: tuple[Failure, ...] = (),
) -> ClipEvaluation:
    """Measure the scores that a model gave to labelled clips.

    Args:
        probs: Probabilities of the model, `(clips, classes)`.
        targets: `(clips, categories)`, True where the clip has the category.
        categories: The classes to evaluate.
        task: "single-label" or "multi-label".
        thresholds: Probability at which a class counts as present, for multi-label: one for all classes, or one each.
        clips: Indices of these clips, for the result; None for 0, 1, 2, ....
        failures: Clips that could not be read, for the result.

    Raises:
        ValueError: The arrays differ in shape, or a value is not a probability or target.
        DataError: No clip has a label.
    """
    if not targets.any():
        raise DataError(f"none of {len(targets)} clips has a label; label at least one")
    scores = categories.scores(probs)
    precisions, areas = average_precision(scores, targets), roc_auc(scores, targets)
    accuracy = top5_accuracy = confusion = cuts = None
    if task == "single-label":
        truth = targets.argmax(axis=1)
        winners = categories.winners(probs)
        ranks = ranks_of_truth(scores, truth, winners)
        is_right = ranks == 0
        predicted = np.where(is_right, truth, _first_of_highest(scores, winners))
        counts = DecisionCounts.from_classes(predicted, truth, scores.shape[1])
        accuracy = float(is_right.mean())
        top5_accuracy = float((ranks < TOP_K).mean()) if scores.shape[1] > TOP_K else None
        confusion = confusion_matrix(predicted, truth, scores.shape[1])
        diagram = top_class_reliability(scores, is_right)
        sums_to_1 = is_distribution(scores)
        brier, loss = (brier_score(scores, truth), log_loss(scores, truth)) if sums_to_1 else (None, None)
    else:
        cuts = check_thresholds(thresholds, scores.shape[1])
        counts = DecisionCounts.from_labels(scores >= cuts, targets)
        diagram = reliability(scores, targets)
        brier, loss = binary_brier_score(scores, targets), binary_log_loss(scores, targets)
    return ClipEvaluation(
        task=task,
        clips=np.arange(len(scores)) if clips is None else clips,
        scores=scores,
        targets=targets,
        failures=failures,
        mean_average_precision=class_mean(precisions),
        mean_auc=class_mean(areas),
        accuracy=accuracy,
        top5_accuracy=top5_accuracy,
        micro=counts.micro(),
        macro=counts.macro(counts.support > 0),
        reliability=diagram,
        brier_score=brier,
        log_loss=loss,
        classes=tuple(
            ClassResult(
                label=label,
                n_clips=int(counts.support[i]),
                average_precision=float(precisions[i]),
                auc=float(areas[i]),
                precision=float(counts.precision[i]),
                recall=float(counts.recall[i]),
                f1=float(counts.f1[i]),
                threshold=None if cuts is None else float(cuts[i]),
            )
            for i, label in enumerate(categories.labels)
        ),
        confusion=confusion,
    )


def _first_of_highest(scores: Array, winners: npt.NDArray[np.intp]) -> npt.NDArray[np.intp]:
    """Category with the highest score. A tie goes to the lowest winning class, then to the first category."""
    is_highest = scores == scores.max(axis=1, keepdims=True)
    first: npt.NDArray[np.intp] = np.where(is_highest, winners, np.iinfo(np.intp).max).argmin(axis=1)
    return first


def finite_or_none(value: float) -> float | None:
    """The value, or None for NaN and infinity, which JSON lacks."""
    return float(value) if math.isfinite(value) else None
