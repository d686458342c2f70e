"""Names in published files of frame-wise MobileNets, those of PretrainedSED and those of EfficientSED."""

from __future__ import annotations

from panns.published import efficientat
from panns.published.state_dict import Renaming, StateDict, rename


def from_published(state_dict: StateDict) -> StateDict:
    """Rename the entries of a published file, whose names have one of several prefixes.

    The classifier of clips, `weak_head`, is dropped: training on AudioSet-Strong leaves it as it began.

    Raises:
        ValueError: A name without its prefix is that of another entry.
    """
    named = rename(state_dict, _NAMES)
    if len(named) < len(state_dict):
        raise ValueError(f"{len(state_dict) - len(named)} entries have the names of others without their prefixes")
    return efficientat.from_published({key: array for key, array in named.items() if not key.startswith("weak_head.")})


_PREFIX = r"^(?:(?:net|model)\.)?(?:(?:model|fmn|frame_mn)\.)?"
_NAMES: tuple[Renaming, ...] = (
    (_PREFIX + r"(?=(?:features|strong_head|weak_head)\.)", ""),
    (r"^strong_head\.", "classifier."),
)
