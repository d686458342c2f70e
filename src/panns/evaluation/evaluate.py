"""Score labelled clips or sounds with a model, then measure the scores."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from panns.evaluation.categories import Categories
from panns.evaluation.clip_measures import ClipEvaluation, measure_clips
from panns.evaluation.clip_scoring import LabelledAudio, Predict, score_clips
from panns.evaluation.detection_measures import DetectionEvaluation, measure_detection
from panns.evaluation.detection_scoring import ScoreSound, TimedClip, score_detection
from panns.evaluation.label_tasks import Task, check_task, check_thresholds, infer_task
from panns.events import EventConfig
from panns.labels import LabelSet
from panns.system.defaults import DEFAULT_THRESHOLD
from panns.system.progress import OnProgress, ignore_progress


def evaluate_clips(
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
) -> ClipEvaluation:
    """Score labelled clips with a model and measure the scores. Memory holds the scores of all clips, not their audio.

    Args:
        predict: Function from waveforms `(samples,)` of any lengths to probabilities `(clips, classes)`, or to
            `Scores` that hold them: a recognizer's `run`, or a network in training.
        audio: Labelled clips and their audio, at the model's sample rate.
        labels: The model's classes.
        activation: The model's activation, "softmax" or "sigmoid"; used to infer the task.
        task: "single-label" or "multi-label"; None to infer it from the activation and the clips.
        thresholds: Probability at which a class counts as present, for multi-label: one for all classes, or one each.
        mapping: Model classes that each label of the data stands for, where the two label sets differ. A label scores
            as high as the highest of its classes, and the evaluation covers the labels of the mapping only.
        batch_size: Maximum number of clips in one call of `predict`; long clips make smaller batches.
        n_decoding: Number of decoding threads.
        n_predicting: Number of threads that call `predict`; 1 calls it from the current thread.
        allows_failures: True to leave out and report clips that cannot be read.
        on_progress: Called after every batch.

    Raises:
        UnknownLabel: A clip has a label outside the evaluated ones, or the mapping names an unknown class.
        DataError: The clips do not fit the task.
        PannsError: A clip cannot be read and `allows_failures` is False, or no clip can be read.
        ValueError: There are no clips, or `predict` returned values that are not probabilities.
    """
    clips = audio.clips
    categories = Categories(labels) if mapping is None else Categories.from_mapping(mapping, labels)
    targets = categories.targets(clips)
    task = infer_task(clips, activation) if task is None else task
    check_task(task, clips)
    check_thresholds(thresholds, len(categories.labels))
    scores = score_clips(
        predict,
        audio,
        n_classes=len(labels),
        batch_size=batch_size,
        n_decoding=n_decoding,
        n_predicting=n_predicting,
        allows_failures=allows_failures,
        on_progress=on_progress,
    )
    return measure_clips(
        scores.probs,
        targets[scores.clips],
        categories,
        task=task,
        thresholds=thresholds,
        clips=scores.clips,
        failures=scores.failures,
    )


def evaluate_detection(
    score_sound: ScoreSound,
    clips: Sequence[TimedClip],
    labels: LabelSet,
    *,
    thresholds: float | Sequence[float] = DEFAULT_THRESHOLD,
    mapping: Mapping[str, Sequence[str]] | None = None,
    config: EventConfig | None = None,
    n_threads: int = 1,
    allows_failures: bool = False,
    on_progress: OnProgress = ignore_progress,
) -> DetectionEvaluation:
    """Score sounds frame by frame and measure the detected events of the classes that occur in them.

    Args:
        score_sound: Function from the index of a sound to its frame probabilities; see `score_detection`.
        clips: The sounds and their events.
        labels: The model's classes.
        thresholds: Detection threshold, a probability: one for all classes, or one for each of `labels` (of the
            labels in `mapping`, if there is one).
        mapping: Model classes that each label of the data stands for, where the two label sets differ. In every frame
            a label scores as high as the highest of its classes.
        config: Event settings; None for the defaults.
        n_threads: Number of sounds that are scored at the same time.
        allows_failures: True to leave out and report sounds that cannot be measured.
        on_progress: Called after every sound.

    Raises:
        UnknownLabel: An event has a label outside the evaluated ones, or the mapping names an unknown class.
        DataError: There are no events, or a sound ends before one of its events and `allows_failures` is False.
        PannsError: A sound cannot be read and `allows_failures` is False, or no sound can be read.
    """
    categories = Categories(labels) if mapping is None else Categories.from_mapping(mapping, labels)
    limits = check_thresholds(thresholds, len(categories.labels))
    scores = score_detection(
        score_sound,
        clips,
        categories,
        n_threads=n_threads,
        allows_failures=allows_failures,
        on_progress=on_progress,
    )
    return measure_detection(
        scores.truth,
        scores.frames,
        [categories.labels[int(index)] for index in scores.classes],
        limits[scores.classes],
        config=config,
        failures=scores.failures,
    )
