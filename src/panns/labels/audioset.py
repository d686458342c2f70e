"""The 527 classes of AudioSet, read from `audioset.csv`; origin and licences are in `LICENSE-audioset.txt`.

The nearest ancestors among the 527 replace a parent outside them, such as "Human voice".
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
    text = files("panns.labels").joinpath("audioset.csv").read_text(encoding="utf-8")
    _header, *rows = csv.reader(text.splitlines())
    labels = (Label(int(index), label_id, en, zh, tuple(parents.split())) for index, label_id, en, zh, parents in rows)
    return LabelSet("audioset", tuple(labels))
