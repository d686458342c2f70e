"""Calibration of probabilities: reliability diagram, calibration error, Brier score, log loss.

A model is calibrated if 80 % of its decisions with a probability of 0.8 are right.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from panns.metrics.checks import Classes, Scores, Targets, checked_probs, checked_targets, checked_truth

N_BINS = 15  # as Guo et al. 2017
_BLOCK = 1 << 20  # probabilities in one step: 20,000 clips of 527 classes at once would take gigabytes
_SUM_TOLERANCE = 1e-3  # of a float16 softmax over hundreds of classes


@dataclass(frozen=True, eq=False)
class Reliability:
    """Reliability diagram: share of right decisions for every bin of probabilities.

    Attributes:
        edges: `(bins + 1,)`, evenly spaced from 0 to 1. A bin includes its upper edge, and the first bin also 0.
        counts: `(bins,)`, number of probabilities in each bin.
        confidence: `(bins,)`, mean probability; NaN for an empty bin.
        share_right: `(bins,)`, share of right decisions; NaN for an empty bin.
    """

    edges: npt.NDArray[np.float64]
    counts: npt.NDArray[np.int64]
    confidence: npt.NDArray[np.float64]
    share_right: npt.NDArray[np.float64]

    @property
    def gaps(self) -> npt.NDArray[np.float64]:
        """`(bins,)`, distance between confidence and share of right decisions; NaN for an empty bin."""
        return np.abs(self.share_right - self.confidence)

    @property
    def expected_error(self) -> float:
        """Expected calibration error: the mean of the gaps, weighted by the count of each bin."""
        is_used = self.counts > 0
        return float(self.gaps[is_used] @ self.counts[is_used] / self.counts.sum())

    @property
    def maximum_error(self) -> float:
        """Maximum calibration error: the widest gap."""
        return float(self.gaps[self.counts > 0].max())


def reliability(probs: Scores, targets: Targets, *, n_bins: int = N_BINS) -> Reliability:
    """Reliability diagram of all probabilities, for multi-label clips.

    Args:
        probs: `(clips, classes)`.
        targets: `(clips, classes)`, 0 or 1.
        n_bins: Number of bins of equal width.

    Examples:
        >>> round(reliability(np.array([[0.8], [0.8], [0.1]]), np.array([[1], [0], [0]])).expected_error, 6)
        0.233333
    """
    probs = checked_probs(probs)
    return _in_bins(probs.ravel(), checked_targets(targets, probs.shape).ravel(), n_bins)


def top_class_reliability(probs: Scores, is_right: npt.NDArray[np.bool_], *, n_bins: int = N_BINS) -> Reliability:
    """Reliability diagram of the highest probability of every clip, for single-label clips.

    Args:
        probs: `(clips, classes)`.
        is_right: `(clips,)`, True where the class with the highest score is right.
        n_bins: Number of bins of equal width.

    Source: Guo et al. 2017, arXiv:1706.04599, equations 2 to 5.
    """
    highest = checked_probs(probs).max(axis=1, keepdims=True)
    is_right = np.asarray(is_right)
    return _in_bins(highest[:, 0], checked_targets(is_right[:, None], highest.shape)[:, 0], n_bins)


def binary_brier_score(probs: Scores, targets: Targets) -> float:
    """Brier score of multi-label clips: mean squared distance of probabilities to targets, 0 to 1."""
    probs = checked_probs(probs)
    is_there = checked_targets(targets, probs.shape)
    return float(np.mean([((column - target) ** 2).mean() for column, target in _by_class(probs, is_there)]))


def brier_score(probs: Scores, truth: Classes) -> float:
    """Brier score of single-label clips: mean over clips of the summed squared distance to the truth, 0 to 2.

    Source: Brier 1950, Verification of forecasts expressed in terms of probability.
    """
    probs = _checked_distribution(probs)
    truth = checked_truth(truth, probs.shape)
    wanted = np.take_along_axis(probs, truth[:, None], axis=1)[:, 0].astype(np.float64)
    return float((np.square(probs, dtype=np.float64).sum(axis=1) + (1 - 2 * wanted)).mean())


def binary_log_loss(probs: Scores, targets: Targets) -> float:
    """Log loss of multi-label clips: mean negative log-likelihood over clips and classes.

    Probabilities are clipped by the machine epsilon of their type, so that a single clip cannot make the loss infinite.
    """
    probs = checked_probs(probs)
    is_there = checked_targets(targets, probs.shape)
    eps = float(np.finfo(probs.dtype).eps)
    losses = [-_log(np.where(target, column, 1 - column), eps).mean() for column, target in _by_class(probs, is_there)]
    return float(np.mean(losses))


def log_loss(probs: Scores, truth: Classes) -> float:
    """Log loss of single-label clips: mean negative log-probability of the true class.

    Probabilities are clipped by the machine epsilon of their type, so that a single clip cannot make the loss infinite.
    """
    probs = _checked_distribution(probs)
    truth = checked_truth(truth, probs.shape)
    wanted = np.take_along_axis(probs, truth[:, None], axis=1)
    return float(-_log(wanted, float(np.finfo(probs.dtype).eps)).mean())


def is_distribution(probs: Scores) -> bool:
    """True if the probabilities of every clip sum to 1, as after a softmax."""
    sums = np.asarray(probs).sum(axis=1, dtype=np.float64)
    return bool(np.allclose(sums, 1, rtol=0, atol=_SUM_TOLERANCE))


def _checked_distribution(probs: Scores) -> Scores:
    probs = checked_probs(probs)
    if not is_distribution(probs):
        raise ValueError(
            "the probabilities of a clip do not sum to 1, which this measure needs; use the binary measure for classes "
            "with independent scores"
        )
    return probs


def _by_class(
    probs: Scores, is_there: npt.NDArray[np.bool_]
) -> Iterator[tuple[npt.NDArray[np.float64], npt.NDArray[np.bool_]]]:
    """Probabilities and targets class by class, which avoids a float64 copy of the whole array."""
    for column, target in zip(probs.T, is_there.T, strict=True):
        yield column.astype(np.float64), target


def _log(probs: Scores, eps: float) -> npt.NDArray[np.float64]:
    return np.log(np.clip(probs.astype(np.float64), eps, 1 - eps))


def _in_bins(probs: Scores, is_right: npt.NDArray[np.bool_], n_bins: int) -> Reliability:
    """Diagram of probabilities `(n,)`."""
    if n_bins < 1:
        raise ValueError(f"n_bins={n_bins} must be at least 1")
    edges = np.linspace(0, 1, n_bins + 1)
    counts, n_right, sums = np.zeros(n_bins, dtype=np.int64), np.zeros(n_bins), np.zeros(n_bins)
    for start in range(0, len(probs), _BLOCK):
        block = probs[start : start + _BLOCK].astype(np.float64)
        bins = np.maximum(np.searchsorted(edges, block) - 1, 0)
        counts += np.bincount(bins, minlength=n_bins)
        sums += np.bincount(bins, weights=block, minlength=n_bins)
        n_right += np.bincount(bins, weights=is_right[start : start + _BLOCK], minlength=n_bins)
    divisor = np.where(counts > 0, counts, np.nan)
    return Reliability(edges, counts, sums / divisor, n_right / divisor)
