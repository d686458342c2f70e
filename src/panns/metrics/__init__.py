"""Measures of classification and detection: pure functions of numpy arrays, equal to scikit-learn where it has them.

`scores` and `probs` are `(clips, classes)`: scores may be logits or probabilities, probs lie in 0 to 1. `targets` are
`(clips, classes)` of 0 and 1, for clips with any number of labels; `truth` is `(clips,)`, the class index of clips with
one label each. An undefined measure of a class is NaN, never 0. `panns.metrics.detection` measures events in
time and has its own conventions.
"""

from panns.metrics.calibration import (
    Reliability,
    binary_brier_score,
    binary_log_loss,
    brier_score,
    is_distribution,
    log_loss,
    reliability,
    top_class_reliability,
)
from panns.metrics.decisions import (
    DecisionCounts,
    PrecisionRecall,
    accuracy,
    best_f1_thresholds,
    confusion_matrix,
    ranks_of_truth,
    top_k_accuracy,
)
from panns.metrics.detection import (
    PSDS1,
    PSDS2,
    BestF1,
    ClipEvents,
    CollarSettings,
    FrameScores,
    IntersectionCounts,
    IntersectionSettings,
    Psds,
    PsdsSettings,
    SegmentCounts,
    ThresholdCurve,
    best_f1,
    collar_based,
    collar_based_curves,
    intersection_based,
    intersection_based_curves,
    psds,
    segment_based,
)
from panns.metrics.ranking import ClassMean, average_precision, class_mean, d_prime, roc_auc

__all__ = [
    "PSDS1",
    "PSDS2",
    "BestF1",
    "ClassMean",
    "ClipEvents",
    "CollarSettings",
    "DecisionCounts",
    "FrameScores",
    "IntersectionCounts",
    "IntersectionSettings",
    "PrecisionRecall",
    "Psds",
    "PsdsSettings",
    "Reliability",
    "SegmentCounts",
    "ThresholdCurve",
    "accuracy",
    "average_precision",
    "best_f1",
    "best_f1_thresholds",
    "binary_brier_score",
    "binary_log_loss",
    "brier_score",
    "class_mean",
    "collar_based",
    "collar_based_curves",
    "confusion_matrix",
    "d_prime",
    "intersection_based",
    "intersection_based_curves",
    "is_distribution",
    "log_loss",
    "psds",
    "ranks_of_truth",
    "reliability",
    "roc_auc",
    "segment_based",
    "top_class_reliability",
    "top_k_accuracy",
]
