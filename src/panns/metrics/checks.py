"""Checks of the arrays that measures take. A wrong shape would broadcast and give a wrong number."""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
import numpy.typing as npt

Scores: TypeAlias = npt.NDArray[np.floating]
Targets: TypeAlias = npt.NDArray[np.bool_] | npt.NDArray[np.number]
Classes: TypeAlias = npt.NDArray[np.integer]


def checked_scores(scores: Scores) -> Scores:
    """Check scores `(clips, classes)`: at least one of each, floating-point and finite.

    Raises:
        ValueError: The scores differ from that.
    """
    scores = np.asarray(scores)
    if scores.ndim != 2 or not scores.size:
        raise ValueError(f"scores have shape {scores.shape}; (clips, classes) with at least one of each is needed")
    if scores.dtype.kind != "f":
        raise ValueError(f"scores have type {scores.dtype}; convert them to floating point")
    if not np.isfinite(scores).all():
        clip, index = np.argwhere(~np.isfinite(scores))[0]
        raise ValueError(
            f"the score of clip {clip} for class {index} is {scores[clip, index]}; scores must be finite, so leave the "
            "clip out or repair the model"
        )
    return scores


def checked_probs(probs: Scores) -> Scores:
    """Check probabilities `(clips, classes)`.

    Raises:
        ValueError: A score is not in 0 to 1.
    """
    probs = checked_scores(probs)
    if probs.min() < 0 or probs.max() > 1:
        raise ValueError(
            f"scores range from {probs.min():.4g} to {probs.max():.4g}, but probabilities are 0 to 1; apply the "
            "model's activation (sigmoid or softmax) first"
        )
    return probs


def checked_targets(targets: Targets, shape: tuple[int, ...]) -> npt.NDArray[np.bool_]:
    """Check targets and convert them to booleans.

    Raises:
        ValueError: The shape differs from that of the scores, or a target is neither 0 nor 1.
    """
    given = np.asarray(targets)
    if given.shape != shape:
        raise ValueError(f"targets have shape {given.shape} and scores {shape}; both must be (clips, classes)")
    is_there = given.astype(bool)
    if given.dtype.kind != "b" and not np.array_equal(is_there, given):
        wrong = given[is_there != given][0]
        raise ValueError(f"a target is {wrong}; targets must be 0 or 1; apply a threshold, such as targets >= 0.5")
    return is_there


def checked_truth(truth: Classes, shape: tuple[int, ...]) -> npt.NDArray[np.intp]:
    """Check the class index of every clip.

    Raises:
        ValueError: The shape is not `(clips,)`, or a value is not the index of a class.
    """
    n_clips, n_classes = shape
    truth = np.asarray(truth)
    if truth.shape != (n_clips,) or truth.dtype.kind not in "iu":
        raise ValueError(
            f"class indices have shape {truth.shape} and type {truth.dtype}; give one integer for each of {n_clips} "
            "clips"
        )
    if truth.min() < 0 or truth.max() >= n_classes:
        raise ValueError(
            f"class indices range from {truth.min()} to {truth.max()}; with {n_classes} classes they must be 0 to "
            f"{n_classes - 1}"
        )
    return truth.astype(np.intp)
