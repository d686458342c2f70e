"""Evaluation of models on labelled clips and timed events, independent of backend and data set.

Scoring runs the model and measuring compares its scores with the labels; `evaluate_clips` and `evaluate_detection` do
both.
"""

from panns.evaluation.categories import Categories, LabelledClip
from panns.evaluation.clip_measures import ClassResult, ClipEvaluation, measure_clips
from panns.evaluation.clip_scoring import ClipScores, Failure, LabelledAudio, Predict, score_clips
from panns.evaluation.detection_measures import DetectionEvaluation, FrameProbs, measure_detection
from panns.evaluation.detection_scoring import DetectionScores, TimedClip, TimedEvent, score_detection
from panns.evaluation.evaluate import evaluate_clips, evaluate_detection
from panns.evaluation.label_files import read_label_map, read_thresholds, thresholds_to_json
from panns.evaluation.label_tasks import TASKS, Task, infer_task
from panns.system.defaults import DEFAULT_THRESHOLD

__all__ = [
    "DEFAULT_THRESHOLD",
    "TASKS",
    "Categories",
    "ClassResult",
    "ClipEvaluation",
    "ClipScores",
    "DetectionEvaluation",
    "DetectionScores",
    "Failure",
    "FrameProbs",
    "LabelledAudio",
    "LabelledClip",
    "Predict",
    "Task",
    "TimedClip",
    "TimedEvent",
    "evaluate_clips",
    "evaluate_detection",
    "infer_task",
    "measure_clips",
    "measure_detection",
    "read_label_map",
    "read_thresholds",
    "score_clips",
    "score_detection",
    "thresholds_to_json",
]
