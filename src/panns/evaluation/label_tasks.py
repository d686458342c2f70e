"""Classification tasks: one label per clip, or any number; and the checks of clips and thresholds for them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, TypeAlias, get_args

import numpy as np
import numpy.typing as npt

from panns.errors import DataError
from panns.evaluation.categories import LabelledClip

Task: TypeAlias = Literal["single-label", "multi-label"]
TASKS: tuple[Task, ...] = get_args(Task)


def infer_task(clips: Sequence[LabelledClip], activation: str) -> Task:
    """Single-label if the model ends in a softmax or every clip has exactly one label, else multi-label."""
    has_one_each = all(len(clip.labels) == 1 for clip in clips)
    return "single-label" if activation == "softmax" or has_one_each else "multi-label"


def check_task(task: Task, clips: Sequence[LabelledClip]) -> None:
    """Check that clips have the labels that a task needs.

    Raises:
        ValueError: An unknown task.
        DataError: A clip of a single-label task has none or several labels, or no clip has any.
    """
    if task not in TASKS:
        raise ValueError(f"task={task!r} is unknown; use {' or '.join(TASKS)}")
    if task == "multi-label" and not any(clip.labels for clip in clips):
        raise DataError(f"none of {len(clips)} clips has a label; label at least one")
    wrong = next((clip for clip in clips if len(clip.labels) != 1), None)
    if task == "single-label" and wrong is not None:
        given = f"the labels {', '.join(map(repr, wrong.labels))}" if wrong.labels else "no label"
        raise DataError(
            f"{wrong.path} has {given}, and a single-label task needs exactly one label per clip; use the task "
            "multi-label"
        )


def check_thresholds(thresholds: float | Sequence[float], n_classes: int) -> npt.NDArray[np.float64]:
    """Thresholds as an array `(classes,)`.

    Raises:
        ValueError: There is neither one threshold nor one for each class, or one is not a probability.
    """
    values = np.asarray(thresholds, dtype=np.float64)
    if values.shape not in {(), (n_classes,)}:
        raise ValueError(f"thresholds have shape {values.shape}; give one number, or one for each of {n_classes}")
    if not ((values >= 0) & (values <= 1)).all():
        raise ValueError(f"thresholds={thresholds} must be probabilities, 0 to 1")
    return np.broadcast_to(values, (n_classes,))
