"""Sentences about a split that leaves little to learn from or to validate on."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from panns.data.clips.clip import Clip

# With fewer clips of a class, its score depends on which ones they are.
_FEW = 5
_MAX_NAMED = 5


def describe_small_parts(
    clips: Sequence[Clip], train: npt.NDArray[np.int64], validation: npt.NDArray[np.int64]
) -> list[str]:
    """Say which classes have few clips to train on, and which have none to validate on.

    Args:
        clips: All clips.
        train: Indices of the training clips.
        validation: Indices of the validation clips; empty without validation.

    Examples:
        >>> clips = [Clip(f"{k}.wav", ("dog",)) for k in range(9)] + [Clip("cat.wav", ("cat",))]
        >>> for message in describe_small_parts(clips, np.arange(1, 10), np.arange(1)):
        ...     print(message)
        few clips to train on: cat (1); add recordings of these classes
        no clip to validate on: cat; add recordings of these classes
    """
    known = sorted({label for clip in clips for label in clip.labels})
    n_train = Counter(label for k in train for label in clips[k].labels)
    n_validation = Counter(label for k in validation for label in clips[k].labels)
    few = [f"{label} ({n_train[label]})" for label in known if n_train[label] < _FEW]
    none = [label for label in known if len(validation) and not n_validation[label]]
    return [
        f"{what}: {', '.join(names[:_MAX_NAMED])}{f' and {len(names) - _MAX_NAMED} more' * (len(names) > _MAX_NAMED)}; "
        "add recordings of these classes"
        for what, names in (("few clips to train on", few), ("no clip to validate on", none))
        if names
    ]
