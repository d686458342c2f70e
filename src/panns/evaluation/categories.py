"""What is measured: the classes of the model, or the categories of foreign data in terms of these."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

from panns.errors import DataError, UnknownLabel
from panns.labels import LabelSet
from panns.results import Array


class LabelledClip(Protocol):
    """A clip whose labels are known."""

    @property
    def path(self) -> str:
        """How it is called in messages."""
        ...

    @property
    def labels(self) -> tuple[str, ...]:
        """Names of what is heard in it."""
        ...


@dataclass(frozen=True)
class Categories:
    """What is measured, and how a model's scores tell it.

    Attributes:
        labels: The names of what is measured, which are the labels of the data.
        classes: For each, indices of the model's classes that mean it; None where these are measured themselves.
    """

    labels: LabelSet
    classes: tuple[tuple[int, ...], ...] | None = None

    @classmethod
    def mapped(cls, names: Mapping[str, Sequence[str]], labels: LabelSet) -> Categories:
        """The categories of data whose labels are not the model's classes.

        Args:
            names: For each category, the classes of the model that mean it; a class may mean several.
            labels: The classes of the model.

        Raises:
            DataError: There is no category, or one without a class.
            UnknownLabel: The model has no such class.
        """
        if not names:
            raise DataError("the map names no category; give at least one with the model's classes that mean it")
        classes = []
        for category, of_category in names.items():
            if not of_category:
                raise DataError(f"the map names no class for {category!r}; give at least one, or leave it out")
            try:
                classes.append(tuple(dict.fromkeys(labels.find(name).index for name in of_category)))
            except UnknownLabel as error:
                raise UnknownLabel(f"the map's {category!r}: {error}") from error
        try:
            return cls(LabelSet.from_names("the map", names), tuple(classes))
        except ValueError as error:  # names that are empty, or differ in case alone
            raise DataError(str(error)) from error

    def targets(self, clips: Sequence[LabelledClip]) -> npt.NDArray[np.bool_]:
        """Which of them are in which clip, `(clips, categories)`.

        Raises:
            UnknownLabel: A clip has a label that is none of them; the message names the nearest.
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
            also = f" ({len(others)} more are unknown: {_listed(others)})" if others else ""
            raise UnknownLabel(
                f"{problems[first]}{also}; for data with other labels than the model's, give a map from its labels to "
                "the model's"
            )
        return targets

    def scores(self, probs: Array) -> Array:
        """Scores of the categories: each has the highest of its classes.

        Args:
            probs: `(clips, classes)` of the model.

        Returns:
            `(clips, categories)`.
        """
        if self.classes is None:
            return probs
        return np.stack([probs[:, list(indices)].max(axis=1) for indices in self.classes], axis=1)

    def winners(self, probs: Array) -> npt.NDArray[np.intp]:
        """Which of the model's classes gives each category its score, `(clips, categories)`; of equals the first.

        Categories whose winner is the same class cannot be told apart for that clip.
        """
        if self.classes is None:
            return np.broadcast_to(np.arange(probs.shape[1]), probs.shape)
        indices = [np.sort(np.array(of_category)) for of_category in self.classes]
        return np.stack([each[probs[:, each].argmax(axis=1)] for each in indices], axis=1)


def _listed(names: Sequence[str], limit: int = 5) -> str:
    return ", ".join(map(repr, names[:limit])) + (", ..." if len(names) > limit else "")
