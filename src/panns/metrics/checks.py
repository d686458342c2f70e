"""What every measure asks of its arrays: refused with a sentence, as a wrong shape would give a wrong number."""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
import numpy.typing as npt

Scores: TypeAlias = npt.NDArray[np.floating]
Targets: TypeAlias = npt.NDArray[np.bool_] | npt.NDArray[np.number]
Classes: TypeAlias = npt.NDArray[np.integer]


def checked_scores(scores: Scores) -> Scores:
    """Scores of at least one clip for at least one class, all of them numbers.

    Raises:
        ValueError: They are not.
    """
    scores = np.asarray(scores)
    if scores.ndim != 2 or not scores.size:
        raise ValueError(f"scores have shape {scores.shape}; (clips, classes) with at least one of each is needed")
    if scores.dtype.kind != "f":
        raise ValueError(f"scores are {scores.dtype}; floating-point numbers are needed, so convert them")
    if not np.isfinite(scores).all():
        clip, of_class = np.argwhere(~np.isfinite(scores))[0]
        raise ValueError(
            f"the score of clip {clip} for class {of_class} is {scores[clip, of_class]}; scores must be finite, "
            "so leave the clip out or repair the model"
        )
    return scores


def checked_probs(probs: Scores) -> Scores:
    """Scores that are probabilities.

    Raises:
        ValueError: They are not.
    """
    probs = checked_scores(probs)
    if probs.min() < 0 or probs.max() > 1:
        raise ValueError(
            f"scores from {probs.min():.4g} to {probs.max():.4g} are no probabilities, which lie in 0 to 1; "
            "apply the model's activation (sigmoid or softmax) first"
        )
    return probs


def checked_targets(targets: Targets, shape: tuple[int, ...]) -> npt.NDArray[np.bool_]:
    """Which classes are in which clip.

    Raises:
        ValueError: The shape is not that of the scores, or a target is neither 0 nor 1.
    """
    given = np.asarray(targets)
    if given.shape != shape:
        raise ValueError(f"targets have shape {given.shape} and scores {shape}; both must be the same (clips, classes)")
    is_there = given.astype(bool)
    if given.dtype.kind != "b" and not np.array_equal(is_there, given):
        wrong = given[is_there != given][0]
        raise ValueError(f"a target is {wrong}; targets are 0 or 1, so decide on each (as by targets >= 0.5)")
    return is_there


def checked_truth(truth: Classes, shape: tuple[int, ...]) -> npt.NDArray[np.intp]:
    """The one class of every clip.

    Raises:
        ValueError: There is not one for every clip, or one is no index of a class.
    """
    n_clips, n_classes = shape
    truth = np.asarray(truth)
    if truth.shape != (n_clips,) or truth.dtype.kind not in "iu":
        raise ValueError(
            f"classes have shape {truth.shape} and type {truth.dtype}; one whole number for each of {n_clips} clips, "
            "the index of its class, is needed"
        )
    if truth.min() < 0 or truth.max() >= n_classes:
        raise ValueError(
            f"classes {truth.min()} to {truth.max()} are given; with {n_classes} classes they must be 0 to "
            f"{n_classes - 1}"
        )
    return truth.astype(np.intp)
