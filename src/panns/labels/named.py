"""The label sets of registered models, by name."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import replace

from panns.labels.audioset import audioset, audioset_strong
from panns.labels.label_set import LabelSet

# Male and female speech and singing, battle cry and funny music (yamnet_class_map.csv in tensorflow/models).
YAMNET_OMITS = ("/m/05zppz", "/m/02zsn", "/m/04gy_2", "/t/dd00003", "/t/dd00004", "/t/dd00032")
_LABEL_SETS: dict[str, Callable[[], LabelSet]] = {
    "audioset": audioset,
    "audioset_strong": audioset_strong,
    "audioset_yamnet": lambda: _without(audioset(), YAMNET_OMITS, name="audioset_yamnet"),
}


def named_labels(name: str) -> LabelSet:
    """Return the label set of that name, in the order of the outputs of its models.

    Raises:
        ValueError: No label set has that name.

    Examples:
        >>> len(named_labels("audioset"))
        527
        >>> len(named_labels("audioset_yamnet"))
        521
    """
    if name not in _LABEL_SETS:
        raise ValueError(f"no label set {name!r}; the label sets of registered models are {', '.join(_LABEL_SETS)}")
    return _LABEL_SETS[name]()


def _without(labels: LabelSet, omitted: Collection[str], *, name: str) -> LabelSet:
    """The label set without some labels, none of which is the parent of another."""
    kept = (label for label in labels if label.id not in omitted)
    return LabelSet(name, tuple(replace(label, index=index) for index, label in enumerate(kept)))
