"""Evaluated classes: those of the model, or labels of a data set that map to classes of the model."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

from panns.errors import DataError, UnknownLabel
from panns.labels import LabelSet
from panns.system.arrays import Array


class LabelledClip(Protocol):
    """A clip with known labels."""

    @property
    def path(self) -> str:
        """Name of the clip in messages."""
        ...

    @property
    def labels(self) -> tuple[str, ...]:
        """Names of its classes."""
        ...


@dataclass(frozen=True)
class Categories:
    """Evaluated classes, and their scores in terms of the model's classes.

    Attributes:
        labels: Names of the evaluated classes, which are the labels of the data.
        classes: Indices of the model's classes that each label stands for; None if the labels are the model's classes.
    """

    labels: LabelSet
    classes: tuple[tuple[int, ...], ...] | None = None

    @classmethod
    def from_mapping(cls, names: Mapping[str, Sequence[str]], labels: LabelSet) -> Categories:
        """Categories of data whose labels differ from the model's classes.

        Args:
            names: Model classes that each category stands for; a class may belong to several categories.
            labels: The classes of the model.

        Raises:
            DataError: There are no categories, or one has no class.
            UnknownLabel: A class is unknown to the model.
        """
        if not names:
            raise DataError("the map has 0 labels; give at least one with the model's classes that it stands for")
        classes = []
        for category, class_names in names.items():
            if not class_names:
                raise DataError(f"the map gives {category!r} 0 classes; give at least one, or leave it out")
            try:
                classes.append(tuple(dict.fromkeys(labels.find(name).index for name in class_names)))
            except UnknownLabel as error:
                raise UnknownLabel(f"the map's {category!r}: {error}") from error
        try:
            return cls(LabelSet.from_names("the map", names), tuple(classes))
        except ValueError as error:  # names that are empty, or differ in case alone
            raise DataError(str(error)) from error

    def targets(self, clips: Sequence[LabelledClip]) -> npt.NDArray[np.bool_]:
        """Categories of every clip as booleans, `(clips, categories)`.

        Raises:
            UnknownLabel: A clip has a label outside the categories; the message names the nearest.
        """
        targets = np.zeros((len(clips), len(self.labels)), dtype=bool)
        problems: dict[str, str] = {}
        for row, clip in zip(targets, clips, strict=True):
            for name in clip.labels:
                try:
                    row[self.labels.find(name).index] = True
                except UnknownLabel as error:
                    problems.setdefault(name, f"{clip.path}: {error}")
        if problems:
            first, *others = problems
            also = f" ({len(others)} more are unknown: {_quote_names(others)})" if others else ""
            raise UnknownLabel(
                f"{problems[first]}{also}; if the data has labels of its own, give a map from its labels to the model's"
            )
        return targets

    def scores(self, probs: Array) -> Array:
        """Scores of the categories, each the highest of its classes.

        Args:
            probs: `(clips, classes)` of the model.

        Returns:
            `(clips, categories)`.
        """
        if self.classes is None:
            return probs
        return np.stack([probs[:, list(indices)].max(axis=1) for indices in self.classes], axis=1)

    def winners(self, probs: Array) -> npt.NDArray[np.intp]:
        """Index of the model class that gives each category its score, `(clips, categories)`; the first in a tie.

        For a clip, categories with the same winner have equal scores.
        """
        if self.classes is None:
            return np.broadcast_to(np.arange(probs.shape[1]), probs.shape)
        indices = [np.sort(np.array(one)) for one in self.classes]
        return np.stack([each[probs[:, each].argmax(axis=1)] for each in indices], axis=1)


def _quote_names(names: Sequence[str], limit: int = 5) -> str:
    return ", ".join(map(repr, names[:limit])) + (", ..." if len(names) > limit else "")
