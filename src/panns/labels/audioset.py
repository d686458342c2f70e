"""Label sets of AudioSet, read from `audioset.csv` (527 classes) and `audioset_strong.csv` (447).

Origin and licences are in `LICENSE-audioset.txt`. The nearest ancestors in the set replace a parent outside it, such as
"Human voice" of the 527.
"""

from __future__ import annotations

import csv
from functools import cache
from importlib.resources import files

from panns.labels.label_set import Label, LabelSet


@cache
def audioset() -> LabelSet:
    """Return the label set of AudioSet, in the order of the published models' outputs.

    Examples:
        >>> audioset()[0].en, audioset()[0].zh
        ('Speech', '语音')
        >>> [label.en for label in audioset().ancestors(audioset().find("Bark"))]
        ['Dog', 'Domestic animals, pets', 'Animal']
    """
    return _read("audioset")


@cache
def audioset_strong() -> LabelSet:
    """Return the label set of AudioSet-Strong, AudioSet's clips with the times of their events.

    376 of its 447 classes are among the 527 of AudioSet, under equal ids; 11 of these have longer names here.

    Examples:
        >>> audioset_strong()[446].en, audioset_strong().find("/m/0j6m2").en
        ('Zipper (clothing)', 'Stream, river')
    """
    return _read("audioset_strong")


def _read(name: str) -> LabelSet:
    text = files("panns.labels").joinpath(f"{name}.csv").read_text(encoding="utf-8")
    _header, *rows = csv.reader(text.splitlines())
    labels = (Label(int(index), label_id, en, zh, tuple(parents.split())) for index, label_id, en, zh, parents in rows)
    return LabelSet(name, tuple(labels))
