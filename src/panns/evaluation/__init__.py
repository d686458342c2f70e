"""Evaluating a model on clips with labels or events, whatever computes its answers: every backend, also in training."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from panns.evaluation.categories import Categories, LabelledClip
from panns.evaluation.clip_scores import Answers, Failure, LabelledAudio, Predict, ask
from panns.evaluation.clips import (
    TASKS,
    ClassResult,
    Evaluation,
    Task,
    check_task,
    check_thresholds,
    measure,
    task_of,
)
from panns.evaluation.detection import DetectionEvaluation, ScoredFrames, measure_detection
from panns.evaluation.detection_scores import evaluate_detection
from panns.evaluation.label_files import read_label_map, read_thresholds, thresholds_to_json
from panns.labels import LabelSet
from panns.system.defaults import DEFAULT_THRESHOLD
from panns.system.progress import OnProgress, ignore_progress

__all__ = [
    "DEFAULT_THRESHOLD",
    "TASKS",
    "Answers",
    "Categories",
    "ClassResult",
    "DetectionEvaluation",
    "Evaluation",
    "Failure",
    "LabelledAudio",
    "LabelledClip",
    "Predict",
    "ScoredFrames",
    "Task",
    "ask",
    "evaluate",
    "evaluate_detection",
    "measure",
    "measure_detection",
    "read_label_map",
    "read_thresholds",
    "task_of",
    "thresholds_to_json",
]


def evaluate(
    predict: Predict,
    audio: LabelledAudio,
    labels: LabelSet,
    *,
    activation: str = "sigmoid",
    task: Task | None = None,
    thresholds: float | Sequence[float] = DEFAULT_THRESHOLD,
    mapping: Mapping[str, Sequence[str]] | None = None,
    batch_size: int = 16,
    n_decoding: int = 2,
    n_predicting: int = 1,
    allows_failures: bool = False,
    on_progress: OnProgress = ignore_progress,
) -> Evaluation:
    """Ask a model about labelled clips and measure its answers. Only the scores of all clips are kept in memory.

    Args:
        predict: Takes waveforms `(samples,)` of any lengths and returns probabilities `(clips, classes)`, or `Scores`
            with them; a recognizer's `run`, or a network in training.
        audio: The clips and their sound, at the model's rate.
        labels: The model's classes.
        activation: The model's, "softmax" or "sigmoid", which tells the task together with the clips.
        task: "single-label" or "multi-label"; None to be told by activation and clips.
        thresholds: For multi-label, from which probability a class counts as present: one for all, or one for each.
        mapping: For data whose labels are not the model's classes, the classes that mean each; a clip's score for a
            label is the highest of its classes. What is measured are the labels of the mapping, no others.
        batch_size: How many clips `predict` is given at a time; fewer if they are long.
        n_decoding: Threads that decode.
        n_predicting: How many threads call `predict`; with 1 it is called by this one alone.
        allows_failures: Whether clips that cannot be read are left out and reported.
        on_progress: Called after every batch with how many clips are done and how many there are.

    Raises:
        UnknownLabel: A clip has a label that is not among those measured, or the mapping names an unknown class.
        DataError: The clips are not what the task needs.
        PannsError: A clip cannot be read, and that is not allowed; or none can.
        ValueError: There is no clip, or what `predict` gave are no probabilities.
    """
    clips = audio.clips
    categories = Categories(labels) if mapping is None else Categories.mapped(mapping, labels)
    targets = categories.targets(clips)
    task = task_of(clips, activation) if task is None else task
    check_task(task, clips)
    check_thresholds(thresholds, len(categories.labels))
    answers = ask(
        predict,
        audio,
        n_classes=len(labels),
        batch_size=batch_size,
        n_decoding=n_decoding,
        n_predicting=n_predicting,
        allows_failures=allows_failures,
        on_progress=on_progress,
    )
    return measure(
        answers.probs,
        targets[answers.clips],
        categories,
        task=task,
        thresholds=thresholds,
        clips=answers.clips,
        failures=answers.failures,
    )
