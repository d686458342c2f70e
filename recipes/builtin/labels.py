"""AudioSet classes of the clips of the data set `world`, from their labels: file and folder names of their origins."""

from __future__ import annotations

import tomllib
from pathlib import Path

from panns.labels import audioset

_TABLE = tomllib.loads((Path(__file__).parent / "labels.toml").read_text(encoding="utf-8"))
CLASSES: dict[str, list[str]] = _TABLE["labels"]
SUBSET_CLASSES: dict[str, list[str]] = _TABLE["sets"]
UNCERTAIN = frozenset({"Bell"})  # classes that are often heard without their parent
NOT_MUSIC = ("sound effect", "music bleepy")


def label_to_classes(label: str, subset: str) -> tuple[str, ...]:
    """AudioSet names for a label of a subset of `world`; empty if the label says too little.

    Examples:
        >>> label_to_classes("thunder", "ambience_apps"), label_to_classes("game sound", "sounds_freedoom")
        (('Thunder',), ())
    """
    words = label.lower()
    if words.startswith(NOT_MUSIC):
        return ()
    matches = [key for key in CLASSES if words == key or words.startswith((f"{key} ", f"{key},"))]
    own = CLASSES[max(matches, key=len)] if matches else []
    return tuple(dict.fromkeys((*SUBSET_CLASSES.get(subset, []), *own)))


def add_parents(names: tuple[str, ...]) -> tuple[str, ...]:
    """Names with their ancestors in AudioSet's ontology, as far as these are certain.

    A class with several parents may be meant as one of them only: a hiss comes from a cat or from steam. So only a
    single parent is added. A bell is a musical instrument there, but a church bell is seldom music.

    Examples:
        >>> add_parents(("Violin, fiddle",))
        ('Violin, fiddle', 'Bowed string instrument', 'Musical instrument', 'Music')
        >>> add_parents(("Church bell", "Hiss"))
        ('Church bell', 'Hiss', 'Bell')
    """
    labels = audioset()
    by_id = {label.id: label for label in labels}
    found: dict[str, None] = {}
    queue = list(names)
    while queue:
        label = labels.find(queue.pop(0))
        found[label.en] = None
        if len(label.parents) == 1 and label.en not in UNCERTAIN:
            queue += [by_id[parent].en for parent in label.parents if by_id[parent].en not in found]
    return tuple(found)
