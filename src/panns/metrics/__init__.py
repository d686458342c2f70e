"""How good scores are: pure functions of numpy arrays, equal to scikit-learn's where it has the measure.

`scores` and `probs` are `(clips, classes)`: scores may be logits or probabilities, probs must lie in 0 to 1. `targets`
are `(clips, classes)` of 0 and 1 where a clip may have several labels, `truth` is `(clips,)`, the index of the one
class of every clip, where it has one. A measure that a class does not have is NaN there, never 0.
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
from panns.metrics.ranking import ClassMean, average_precision, class_mean, d_prime, roc_auc

__all__ = [
    "ClassMean",
    "DecisionCounts",
    "PrecisionRecall",
    "Reliability",
    "accuracy",
    "average_precision",
    "best_f1_thresholds",
    "binary_brier_score",
    "binary_log_loss",
    "brier_score",
    "class_mean",
    "confusion_matrix",
    "d_prime",
    "is_distribution",
    "log_loss",
    "ranks_of_truth",
    "reliability",
    "roc_auc",
    "top_class_reliability",
    "top_k_accuracy",
]
