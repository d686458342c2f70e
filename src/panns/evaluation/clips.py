"""How good a model's answers are: every measure of them, for all classes together and for each."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias, get_args

import numpy as np
import numpy.typing as npt

from panns.errors import DataError
from panns.evaluation.categories import Categories, LabelledClip
from panns.evaluation.clip_scores import Failure
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
from panns.results import Array
from panns.system.defaults import DEFAULT_THRESHOLD

Task: TypeAlias = Literal["single-label", "multi-label"]
TASKS: tuple[Task, ...] = get_args(Task)

TOP_K = 5


@dataclass(frozen=True)
class ClassResult:
    """How one class was answered.

    Attributes:
        label: The class.
        n_clips: How many clips have it.
        average_precision: NaN where no clip has it.
        auc: Area under the ROC curve; NaN where no clip or every clip has it.
        precision: Of the clips said to have it, the share that has it; 0 where none was said to.
        recall: Of the clips that have it, the share that was said to; 0 where none has it.
        f1: Harmonic mean of the two.
        threshold: From which probability it counted as present; None where the highest class was taken.
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
        """JSON of this class; null for what it does not have."""
        return {
            "label": self.label.en,
            "label_zh": self.label.zh,
            "index": self.label.index,
            "n_clips": self.n_clips,
            "average_precision": _finite(self.average_precision),
            "auc": _finite(self.auc),
            "precision": self.precision,
            "recall": self.recall,
            "f1": self.f1,
            "threshold": self.threshold,
        }


@dataclass(frozen=True, eq=False)
class Evaluation:
    """How good a model's answers to some clips are.

    Attributes:
        task: "single-label": a clip has one class, and the one that scores highest is the answer; "multi-label": any
            number, and those from their threshold on are.
        clips: `(clips,)`, which clips these are, by their place among those that were given.
        scores: `(clips, classes)` float32, probabilities.
        targets: `(clips, classes)`, which classes are in which clip.
        failures: Clips that could not be read and are left out.
        mean_average_precision: Over the classes that some clip has.
        mean_auc: Mean area under the ROC curve, over the classes that some clips have and some have not.
        accuracy: Share of clips whose class scores highest; None for multi-label.
        top5_accuracy: Share whose class is among the five highest; None for multi-label or up to 5 classes.
        micro: Precision, recall and F1 of all decisions.
        macro: Their means over the classes that some clip has.
        reliability: What probabilities were worth: of the highest class for single-label, of all for multi-label.
        brier_score: Of single-label over all classes of a clip, 0 to 2, and None where its scores do not sum to 1; of
            multi-label the mean over clips and classes.
        log_loss: The same holds.
        classes: Of each class.
        confusion: `(classes, classes)`, how many clips of each (rows) were taken for each (columns); None for
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
        """How many clips were answered."""
        return len(self.clips)

    @property
    def d_prime(self) -> float:
        """From the mean area under the ROC curve; infinite where that is 1."""
        return d_prime(self.mean_auc.value)

    def to_dict(self) -> dict[str, Any]:
        """JSON of this evaluation, without the scores; null for what there is not, or is not finite."""
        diagram = self.reliability
        return {
            "task": self.task,
            "n_clips": self.n_clips,
            "n_failed": len(self.failures),
            "n_classes": len(self.classes),
            "mean_average_precision": _finite(self.mean_average_precision.value),
            "n_classes_with_average_precision": self.mean_average_precision.n_classes,
            "mean_auc": _finite(self.mean_auc.value),
            "n_classes_with_auc": self.mean_auc.n_classes,
            "d_prime": _finite(self.d_prime),
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
                "confidence": [_finite(value) for value in diagram.confidence.tolist()],
                "share_right": [_finite(value) for value in diagram.share_right.tolist()],
            },
            "failures": [{"file": one.path, "error": one.reason} for one in self.failures],
        }


def task_of(clips: Sequence[LabelledClip], activation: str) -> Task:
    """Whether clips have one class each: so a softmax says, and otherwise that every clip has exactly one label."""
    has_one_each = all(len(clip.labels) == 1 for clip in clips)
    return "single-label" if activation == "softmax" or has_one_each else "multi-label"


def check_task(task: Task, clips: Sequence[LabelledClip]) -> None:
    """Refuse a task that these clips are none of.

    Raises:
        ValueError: An unknown task.
        DataError: A clip has not exactly one label where all must, or no clip has any.
    """
    if task not in TASKS:
        raise ValueError(f"task={task!r} is not one of {', '.join(TASKS)}")
    if task == "multi-label" and not any(clip.labels for clip in clips):
        raise DataError(f"none of {len(clips)} clips has a label; nothing can be measured without")
    wrong = next((clip for clip in clips if len(clip.labels) != 1), None)
    if task == "single-label" and wrong is not None:
        given = f"the labels {', '.join(map(repr, wrong.labels))}" if wrong.labels else "no label"
        raise DataError(f"{wrong.path} has {given}, where a single-label task has one each; use the task multi-label")


def check_thresholds(thresholds: float | Sequence[float], n_classes: int) -> npt.NDArray[np.float64]:
    """One threshold for every class.

    Raises:
        ValueError: Not one or one for each, or one is no probability.
    """
    values = np.asarray(thresholds, dtype=np.float64)
    if values.shape not in {(), (n_classes,)}:
        raise ValueError(f"thresholds have shape {values.shape}; give one number, or one for each of {n_classes}")
    if not ((values >= 0) & (values <= 1)).all():
        raise ValueError(f"thresholds={thresholds} must be probabilities, 0 to 1")
    return np.broadcast_to(values, (n_classes,))


def measure(
    probs: Array,
    targets: npt.NDArray[np.bool_],
    categories: Categories,
    *,
    task: Task,
    thresholds: float | Sequence[float] = DEFAULT_THRESHOLD,
    clips: npt.NDArray[np.intp] | None = None,
    failures: tuple[Failure, ...] = (),
) -> Evaluation:
    """Measure answers that a model has given.

    Args:
        probs: `(clips, classes)` of the model.
        targets: `(clips, categories)`, what is in them.
        categories: What is measured.
        task: Whether a clip has one class or any number.
        thresholds: For multi-label, from which probability a class counts as present: one for all, or one for each.
        clips: Which clips these are, to be told so; None for all in order.
        failures: Which could not be read, to be told so.

    Raises:
        ValueError: The arrays do not fit each other, or hold what is no probability or no target.
        DataError: No clip has any of the classes.
    """
    if not targets.any():
        raise DataError(f"none of {len(targets)} clips has a label; nothing can be measured without")
    scores = categories.scores(probs)
    precisions, areas = average_precision(scores, targets), roc_auc(scores, targets)
    accuracy = top5_accuracy = confusion = cuts = None
    if task == "single-label":
        truth = targets.argmax(axis=1)
        winners = categories.winners(probs)
        ranks = ranks_of_truth(scores, truth, winners)
        is_right = ranks == 0
        predicted = np.where(is_right, truth, _first_of_highest(scores, winners))
        counts = DecisionCounts.of_classes(predicted, truth, scores.shape[1])
        accuracy = float(is_right.mean())
        top5_accuracy = float((ranks < TOP_K).mean()) if scores.shape[1] > TOP_K else None
        confusion = confusion_matrix(predicted, truth, scores.shape[1])
        diagram = top_class_reliability(scores, is_right)
        sums_to_1 = is_distribution(scores)
        brier, loss = (brier_score(scores, truth), log_loss(scores, truth)) if sums_to_1 else (None, None)
    else:
        cuts = check_thresholds(thresholds, scores.shape[1])
        counts = DecisionCounts.of_labels(scores >= cuts, targets)
        diagram = reliability(scores, targets)
        brier, loss = binary_brier_score(scores, targets), binary_log_loss(scores, targets)
    return Evaluation(
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
    """The category that scores highest; of equals that whose winning class comes first, then the first."""
    is_highest = scores == scores.max(axis=1, keepdims=True)
    first: npt.NDArray[np.intp] = np.where(is_highest, winners, np.iinfo(np.intp).max).argmin(axis=1)
    return first


def _finite(value: float) -> float | None:
    """JSON has neither NaN nor infinity."""
    return value if math.isfinite(value) else None
