"""Label sets: names and hierarchy of the classes of a model.

The manifest of a checkpoint embeds the result of `to_dict`.
"""

from __future__ import annotations

import difflib
import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TypeVar

from panns.errors import UnknownLabel

MAX_SUGGESTIONS = 3
FieldT = TypeVar("FieldT")


@dataclass(frozen=True)
class Label:
    """One class: its output index, its id, its English and Chinese names, and the ids of its direct parents."""

    index: int
    id: str
    en: str
    zh: str
    parents: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, object]:
        """Return the fields as JSON types, the inverse of `LabelSet.from_dict`."""
        return {"index": self.index, "id": self.id, "en": self.en, "zh": self.zh, "parents": list(self.parents)}


@dataclass(frozen=True)
class LabelSet:
    """The classes of a model, in the order of its outputs.

    Indices are 0 to n-1 in order. Ids and names are unique, ignoring case. Parents belong to the set.

    Raises:
        ValueError: The labels violate one of these rules.

    Examples:
        >>> pets = LabelSet.from_names("pets", ["cat", "dog"])
        >>> len(pets), pets[1].en, pets.find("Dog").index
        (2, 'dog', 1)
        >>> pets.find("dogs")
        Traceback (most recent call last):
        panns.errors.UnknownLabel: no label 'dogs' in 'pets'; did you mean 'dog'? `panns labels QUERY` searches names
    """

    name: str
    labels: tuple[Label, ...]
    # Lower-cased id, English and Chinese names -> label.
    _by_key: dict[str, Label] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        if not self.name.strip():
            raise ValueError(
                f"a label set needs a name, got {self.name!r}; use the name of its data, such as 'audioset'"
            )
        if not self.labels:
            raise ValueError(f"label set {self.name!r} has no labels; give at least one")
        object.__setattr__(self, "_by_key", _index_by_key(self.name, self.labels))
        _check_parents(self.name, self.labels)

    @classmethod
    def from_names(cls, name: str, names: Iterable[str]) -> LabelSet:
        """Make a label set from names. Each name is also the id and the Chinese name, and no label has parents.

        Examples:
            >>> LabelSet.from_names("pets", ["cat", "dog"])[0]
            Label(index=0, id='cat', en='cat', zh='cat', parents=())
        """
        if isinstance(names, str):
            raise TypeError(f"names={names!r} is a single string; give a list of names, such as [{names!r}]")
        return cls(name, tuple(Label(index, text, text, text) for index, text in enumerate(names)))

    @classmethod
    def from_dict(cls, data: object) -> LabelSet:
        """Make a label set from the result of `to_dict`.

        Raises:
            ValueError: A field is unknown, missing or of the wrong type.
        """
        row = _row("a label set", data, {"name", "labels"})
        rows = _field("a label set", row, "labels", list)
        labels = tuple(_label_from_dict(f"label {place}", label) for place, label in enumerate(rows))
        return cls(_field("a label set", row, "name", str), labels)

    def to_dict(self) -> dict[str, object]:
        """Return the name and the labels as JSON types."""
        return {"name": self.name, "labels": [label.to_dict() for label in self.labels]}

    def __len__(self) -> int:
        return len(self.labels)

    def __iter__(self) -> Iterator[Label]:
        return iter(self.labels)

    def __getitem__(self, index: int) -> Label:
        # Refuses negative indices, which would hide a wrong class by counting from the end.
        if not 0 <= index < len(self.labels):
            raise IndexError(f"no label {index} in {self.name!r}; its indices are 0 to {len(self.labels) - 1}")
        return self.labels[index]

    def get(self, text: str) -> Label | None:
        """Return the label whose id, English or Chinese name is `text`, ignoring case, or None."""
        return self._by_key.get(_key(text))

    def find(self, text: str) -> Label:
        """Return the label whose id, English or Chinese name is `text`, ignoring case.

        Raises:
            UnknownLabel: The set has no such label; the message suggests similar ones.
        """
        label = self.get(text)
        if label is None:
            nearest = " or ".join(repr(near) for near in self._nearest(text))
            hint = f"; did you mean {nearest}?" if nearest else f", which has {len(self)};"
            raise UnknownLabel(f"no label {text!r} in {self.name!r}{hint} `panns labels QUERY` searches names")
        return label

    def search(self, query: str) -> list[Label]:
        """Return the labels whose names contain every word of `query`, best first; an empty query returns all labels.

        The order is: name or id equal to the query, name that begins with the query, all words as whole words, all
        words as parts. Ties keep the order of the set. The words may match either language; case, accents and
        character width are ignored. An id matches in full or from its start ("/m/0bt").

        Examples:
            >>> animals = LabelSet.from_names("animals", ["hot dog", "dogfish", "Dog", "cat"])
            >>> [label.en for label in animals.search("dog")]
            ['Dog', 'dogfish', 'hot dog']
        """
        folded = _fold(query)
        words = _words(folded)
        if not words:
            return list(self.labels)
        ranked = [(_rank(label, folded, words), label) for label in self.labels]
        hits = [(rank, label) for rank, label in ranked if rank is not None]
        return [label for _, label in sorted(hits, key=lambda hit: (hit[0], hit[1].index))]

    def ancestors(self, label: Label) -> list[Label]:
        """Return all ancestors of a label, nearest first, without the label itself."""
        found: dict[str, Label] = {}
        level = {label.id: label}
        while level:
            parents = (parent for child in level.values() for parent in child.parents)
            level = {parent: self.find(parent) for parent in parents if parent not in found}
            found.update(level)
        return list(found.values())

    def children(self, label: Label) -> list[Label]:
        """Return the labels whose direct parent is `label`, in the order of the set."""
        return [child for child in self.labels if label.id in child.parents]

    def _nearest(self, text: str) -> list[str]:
        # difflib misses a part of a long name ("fiddle" of "Violin, fiddle"), so search goes first.
        hits = self.search(text)[:MAX_SUGGESTIONS] if _words(_fold(text)) else []
        if hits:
            return [label.en for label in hits]
        names = {_key(name): name for label in self.labels for name in (label.zh, label.en)}
        close = difflib.get_close_matches(_key(text), names, n=MAX_SUGGESTIONS)
        return [names[key] for key in close]


def _key(text: str) -> str:
    return unicodedata.normalize("NFC", text.strip()).casefold()


@lru_cache(maxsize=8192)  # a search folds every name of a label set
def _fold(text: str) -> str:
    # NFKD converts full-width forms to plain ones and splits off accents, which are then dropped.
    plain = "".join(char for char in unicodedata.normalize("NFKD", text) if not unicodedata.combining(char))
    return " ".join(plain.casefold().split())


def _words(folded: str) -> list[str]:
    return [word for word in re.split(r"[\s,;、]+", folded) if word]


def _rank(label: Label, query: str, words: Sequence[str]) -> int | None:
    names = (_fold(label.en), _fold(label.zh))
    label_id = _fold(label.id)
    if query in names or query == label_id:
        return 0
    if any(name.startswith(query) for name in names) or (query.startswith("/") and label_id.startswith(query)):
        return 1
    text = "\n".join(names)
    if not all(word in text for word in words):
        return None
    return 2 if all(re.search(rf"(?<!\w){re.escape(word)}(?!\w)", text) for word in words) else 3


def _index_by_key(name: str, labels: Sequence[Label]) -> dict[str, Label]:
    by_key: dict[str, Label] = {}
    for place, label in enumerate(labels):
        if label.index != place:
            raise ValueError(
                f"label {label.en!r} of {name!r} has index {label.index} at place {place}; "
                f"indices are 0 to {len(labels) - 1}, each once and in order"
            )
        for text in (label.id, label.en, label.zh):
            key = _key(text)
            if not key:
                raise ValueError(f"label {place} of {name!r} has an empty id or name; give it id, en and zh")
            if by_key.setdefault(key, label) is not label:
                raise ValueError(
                    f"labels {by_key[key].index} and {place} of {name!r} are both called {text!r}; "
                    "ids and names must differ in more than case, so rename one"
                )
    return by_key


def _check_parents(name: str, labels: Sequence[Label]) -> None:
    ids = {label.id for label in labels}
    for label in labels:
        for parent in label.parents:
            if parent not in ids:
                raise ValueError(
                    f"label {label.en!r} of {name!r} has the parent {parent!r}, which is not in the set; "
                    "add that label or leave the parent out"
                )
    # Repeatedly remove every label without remaining parents; the rest is in a cycle or below one.
    left = {label.id: label.parents for label in labels if label.parents}
    while left:
        free = [label_id for label_id, parents in left.items() if left.keys().isdisjoint(parents)]
        if not free:
            raise ValueError(f"the parents of {name!r} form a cycle among {sorted(left)}; remove one of them")
        for label_id in free:
            del left[label_id]


def _label_from_dict(what: str, data: object) -> Label:
    row = _row(what, data, {"index", "id", "en", "zh", "parents"})
    parents = _field(what, row, "parents", list)
    if not all(isinstance(parent, str) for parent in parents):
        raise ValueError(f"{what} has parents={parents!r}; give a list of ids")
    return Label(
        index=_field(what, row, "index", int),
        id=_field(what, row, "id", str),
        en=_field(what, row, "en", str),
        zh=_field(what, row, "zh", str),
        parents=tuple(parents),
    )


def _row(what: str, data: object, fields: Set[str]) -> Mapping[str, object]:
    if not isinstance(data, Mapping) or set(data) != fields:
        given = f"has the fields {list(data)}" if isinstance(data, Mapping) else f"is a {type(data).__name__}"
        raise ValueError(f"{what} {given}; give an object with exactly {sorted(fields)}")
    return data


def _field(what: str, row: Mapping[str, object], key: str, kind: type[FieldT]) -> FieldT:
    value = row[key]
    # isinstance alone would accept True as an int.
    if not isinstance(value, kind) or isinstance(value, bool):
        # ValueError, as for every other fault of a manifest: the caller checks a file, not arguments.
        raise ValueError(f"{what} has {key}={value!r}; give a JSON value of type {kind.__name__}")  # noqa: TRY004
    return value
