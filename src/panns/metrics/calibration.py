"""Whether probabilities mean what they say: calibration error, Brier score, log loss.

A model is calibrated if, of all the answers to which it gives a probability of 0.8, 80 % are right.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from panns.metrics.checks import Classes, Scores, Targets, checked_probs, checked_targets, checked_truth

N_BINS = 15  # as Guo et al. 2017
_BLOCK = 1 << 20  # probabilities that are looked at in one go: 20,000 clips of 527 classes would take gigabytes
_SUM_TOLERANCE = 1e-3  # of a float16 softmax over hundreds of classes


@dataclass(frozen=True, eq=False)
class Reliability:
    """A reliability diagram: what probabilities of each size came to.

    Attributes:
        edges: `(bins + 1,)`, from 0 to 1 at equal distances; a bin holds its upper edge, the first one 0 too.
        counts: `(bins,)`, how many probabilities fell into each.
        confidence: `(bins,)`, their mean; NaN for a bin that holds none.
        share_right: `(bins,)`, the share of them that were right; NaN likewise.
    """

    edges: npt.NDArray[np.float64]
    counts: npt.NDArray[np.int64]
    confidence: npt.NDArray[np.float64]
    share_right: npt.NDArray[np.float64]

    @property
    def gaps(self) -> npt.NDArray[np.float64]:
        """`(bins,)`, by how much the share that was right misses the confidence; NaN for a bin that holds none."""
        return np.abs(self.share_right - self.confidence)

    @property
    def expected_error(self) -> float:
        """Expected calibration error: the mean of the gaps, weighted by how many probabilities each bin holds."""
        is_used = self.counts > 0
        return float(self.gaps[is_used] @ self.counts[is_used] / self.counts.sum())

    @property
    def maximum_error(self) -> float:
        """Maximum calibration error: the widest gap."""
        return float(self.gaps[self.counts > 0].max())


def reliability(probs: Scores, targets: Targets, *, n_bins: int = N_BINS) -> Reliability:
    """The reliability diagram of every probability for every class, for clips that may have several.

    Args:
        probs: `(clips, classes)`.
        targets: `(clips, classes)`, 0 or 1.
        n_bins: Of equal width.

    Example:
        >>> round(reliability(np.array([[0.8], [0.8], [0.1]]), np.array([[1], [0], [0]])).expected_error, 6)
        0.233333
    """
    probs = checked_probs(probs)
    return _in_bins(probs.ravel(), checked_targets(targets, probs.shape).ravel(), n_bins)


def top_class_reliability(probs: Scores, is_right: npt.NDArray[np.bool_], *, n_bins: int = N_BINS) -> Reliability:
    """The reliability diagram of the highest probability of every clip, for clips that have one class.

    Args:
        probs: `(clips, classes)`.
        is_right: `(clips,)`, whether the class that scores highest is the right one.
        n_bins: Of equal width.

    Source: Guo et al. 2017, arXiv:1706.04599, equations 2 to 5.
    """
    highest = checked_probs(probs).max(axis=1, keepdims=True)
    is_right = np.asarray(is_right)
    return _in_bins(highest[:, 0], checked_targets(is_right[:, None], highest.shape)[:, 0], n_bins)


def binary_brier_score(probs: Scores, targets: Targets) -> float:
    """Mean over clips and classes of the squared distance from probability to target, for clips of several classes."""
    probs = checked_probs(probs)
    is_there = checked_targets(targets, probs.shape)
    return float(np.mean([((probs_of - there) ** 2).mean() for probs_of, there in _by_class(probs, is_there)]))


def brier_score(probs: Scores, truth: Classes) -> float:
    """Mean over clips of the squared distance from all probabilities to the truth, 0 to 2, for clips of one class.

    Source: Brier 1950, Verification of forecasts expressed in terms of probability.
    """
    probs = _checked_distribution(probs)
    truth = checked_truth(truth, probs.shape)
    wanted = np.take_along_axis(probs, truth[:, None], axis=1)[:, 0].astype(np.float64)
    return float((np.square(probs, dtype=np.float64).sum(axis=1) + (1 - 2 * wanted)).mean())


def binary_log_loss(probs: Scores, targets: Targets) -> float:
    """Mean over clips and classes of minus the log of what was given to the truth, for clips of several classes.

    A probability of 0 or 1 counts as the nearest that its type can tell from that, lest one clip make all infinite.
    """
    probs = checked_probs(probs)
    is_there = checked_targets(targets, probs.shape)
    eps = float(np.finfo(probs.dtype).eps)
    losses = [
        -_log(np.where(there, of_class, 1 - of_class), eps).mean() for of_class, there in _by_class(probs, is_there)
    ]
    return float(np.mean(losses))


def log_loss(probs: Scores, truth: Classes) -> float:
    """Mean over clips of minus the log of the probability of the true class, for clips of one class.

    A probability of 0 counts as the least that its type can tell from 0, lest one clip make all infinite.
    """
    probs = _checked_distribution(probs)
    truth = checked_truth(truth, probs.shape)
    wanted = np.take_along_axis(probs, truth[:, None], axis=1)
    return float(-_log(wanted, float(np.finfo(probs.dtype).eps)).mean())


def is_distribution(probs: Scores) -> bool:
    """Whether the probabilities of every clip sum to 1, as those of a softmax do."""
    sums = np.asarray(probs).sum(axis=1, dtype=np.float64)
    return bool(np.allclose(sums, 1, rtol=0, atol=_SUM_TOLERANCE))


def _checked_distribution(probs: Scores) -> Scores:
    probs = checked_probs(probs)
    if not is_distribution(probs):
        raise ValueError(
            "the probabilities of a clip do not sum to 1, as those of one of several classes do; "
            "for classes that are scored each by itself use the binary measure"
        )
    return probs


def _by_class(
    probs: Scores, is_there: npt.NDArray[np.bool_]
) -> Iterator[tuple[npt.NDArray[np.float64], npt.NDArray[np.bool_]]]:
    """Probabilities and targets of one class after the other, so that no second copy of all of them is made."""
    for of_class, there in zip(probs.T, is_there.T, strict=True):
        yield of_class.astype(np.float64), there


def _log(probs: Scores, eps: float) -> npt.NDArray[np.float64]:
    return np.log(np.clip(probs.astype(np.float64), eps, 1 - eps))


def _in_bins(probs: Scores, is_right: npt.NDArray[np.bool_], n_bins: int) -> Reliability:
    """The diagram of `(n,)` probabilities."""
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
