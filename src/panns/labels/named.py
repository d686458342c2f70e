"""The label sets of registered models, by name."""

from __future__ import annotations

from collections.abc import Callable

from panns.labels.audioset import audioset
from panns.labels.label_set import LabelSet

_LABEL_SETS: dict[str, Callable[[], LabelSet]] = {"audioset": audioset}


def named_labels(name: str) -> LabelSet:
    """Return the label set of that name, in the order of the outputs of its models.

    Raises:
        ValueError: No label set has that name.

    Examples:
        >>> len(named_labels("audioset"))
        527
    """
    if name not in _LABEL_SETS:
        raise ValueError(f"no label set {name!r}; the label sets of registered models are {', '.join(_LABEL_SETS)}")
    return _LABEL_SETS[name]()
