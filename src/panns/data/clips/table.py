"""What is known of many clips, in a few arrays: two million clips take a tenth of the memory of as many objects."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from typing import Any, TypeAlias, TypeVar, overload

import numpy as np
import numpy.typing as npt

from panns.data.clips.clip import Clip, TimedLabel

T = TypeVar("T")
Column: TypeAlias = npt.NDArray[Any]

_TEXTS = ("path", "fold", "source", "licence", "attribution")
# Up to so many different texts are made once and shared. Of more, such as paths, only those that are asked for.
_MAX_SHARED = 2**12
# So many clips are made at once for whoever counts through all of them.
_CHUNK = 4096


def clip_columns(clips: Sequence[Clip]) -> dict[str, Column]:
    """Clips as arrays by name, with texts as numbers of a table; a column of one value for all clips holds it once."""
    events = [event for clip in clips for event in clip.events]
    n_labels = [len(clip.labels) for clip in clips]
    labels = [label for clip in clips for label in clip.labels] + [event.label for event in events]
    columns = _text_columns("label", labels)
    label_codes = np.broadcast_to(columns.pop("label_code"), len(labels))
    for name in _TEXTS:
        columns |= _text_columns(name, [getattr(clip, name) for clip in clips])
    return (
        columns
        | {
            "n_clips": np.array(len(clips)),
            "onset_s": once(np.array([clip.onset_s for clip in clips], np.float64)),  # None becomes NaN
            "offset_s": once(np.array([clip.offset_s for clip in clips], np.float64)),
            "label_starts": _starts(n_labels),
            "label_codes": label_codes[: sum(n_labels)],
            "event_starts": _starts([len(clip.events) for clip in clips]),
            "event_codes": label_codes[sum(n_labels) :],
            "event_onset_s": np.array([event.onset_s for event in events], np.float64),
            "event_offset_s": np.array([event.offset_s for event in events], np.float64),
        }
    )


class ClipTable(Sequence[Clip]):
    """Clips in columns, each made when it is asked for."""

    def __init__(self, columns: Mapping[str, Column]) -> None:
        """Take columns as `clip_columns` makes them.

        Raises:
            KeyError: A column is missing.
            ValueError: The columns are not of one length.
        """
        self._n = int(columns["n_clips"])
        self._texts = {name: _Texts(columns, name) for name in _TEXTS}
        self._codes = {name: np.broadcast_to(columns[f"{name}_code"], self._n) for name in _TEXTS}
        self._onset_s, self._offset_s = (np.broadcast_to(columns[name], self._n) for name in ("onset_s", "offset_s"))
        self._labels = _Texts(columns, "label")  # of clips and of events
        self._label_codes, self._event_codes = columns["label_codes"], columns["event_codes"]
        self._label_starts, self._event_starts = (
            np.broadcast_to(columns[name], self._n + 1) for name in ("label_starts", "event_starts")
        )
        self._event_onset_s, self._event_offset_s = columns["event_onset_s"], columns["event_offset_s"]

    def __len__(self) -> int:
        return self._n

    @overload
    def __getitem__(self, i: int) -> Clip: ...
    @overload
    def __getitem__(self, i: slice) -> Sequence[Clip]: ...
    def __getitem__(self, i: int | slice) -> Clip | Sequence[Clip]:
        if isinstance(i, slice):
            return [self[k] for k in range(*i.indices(self._n))]
        if not -self._n <= i < self._n:
            raise IndexError(f"there is no clip {i} of {self._n}")
        return self.take(np.array([i % self._n]))[0]

    def __iter__(self) -> Iterator[Clip]:
        for start in range(0, self._n, _CHUNK):
            yield from self.take(np.arange(start, min(start + _CHUNK, self._n)))

    def take(self, numbers: npt.NDArray[np.int64]) -> list[Clip]:
        """The clips of these numbers, 0 or more: a column at once, several times faster than one by one."""
        texts = {name: self._texts[name].take(self._codes[name][numbers]) for name in _TEXTS}
        its_labels, n_labels = _values_of(numbers, self._label_starts)
        its_events, n_events = _values_of(numbers, self._event_starts)
        columns = zip(
            texts["path"],
            _split(self._labels.take(self._label_codes[its_labels]), n_labels),
            texts["fold"],
            texts["source"],
            _or_none(self._onset_s[numbers]),
            _or_none(self._offset_s[numbers]),
            _split(self._events(its_events), n_events),
            texts["licence"],
            texts["attribution"],
            strict=True,
        )
        return [Clip(*values) for values in columns]

    def _events(self, places: Column) -> list[TimedLabel]:
        times = (column[places].tolist() for column in (self._event_onset_s, self._event_offset_s))
        return list(map(TimedLabel, self._labels.take(self._event_codes[places]), *times))


class _Texts:
    """Different texts by number, in one block of bytes."""

    def __init__(self, columns: Mapping[str, Column], name: str) -> None:
        self._bytes = columns[f"{name}_texts"].data
        self._starts: Column = columns[f"{name}_text_starts"]
        n_texts = len(self._starts) - 1
        self._shared = [self._text(code) for code in range(n_texts)] if n_texts <= _MAX_SHARED else None

    def take(self, codes: Column) -> list[str]:
        """The texts of these numbers."""
        if self._shared is not None:
            return [self._shared[code] for code in codes.tolist()]
        return [self._text(code) for code in codes.tolist()]

    def _text(self, code: int) -> str:
        # The name of a file may hold bytes that are no text.
        return str(self._bytes[self._starts[code] : self._starts[code + 1]], "utf-8", "surrogatepass")


def once(column: Column) -> Column:
    """A column that has one value everywhere, cut to that one; `np.broadcast_to` gives it back its length."""
    first = column[:1]
    is_same = (column == first).all() or (column.dtype.kind == "f" and np.isnan(column).all())
    return first if is_same else column


def smallest(numbers: Column) -> Column:
    """Numbers of at least 0 in the smallest type that holds them."""
    return numbers.astype(np.min_scalar_type(numbers.max(initial=0)))


def _text_columns(name: str, texts: Sequence[str]) -> dict[str, Column]:
    codes: dict[str, int] = {}
    column = np.fromiter((codes.setdefault(text, len(codes)) for text in texts), np.int64, len(texts))
    encoded = [text.encode("utf-8", "surrogatepass") for text in codes]
    return {
        f"{name}_code": once(smallest(column)),
        f"{name}_texts": np.frombuffer(b"".join(encoded), np.uint8),
        f"{name}_text_starts": smallest(np.cumsum([0, *map(len, encoded)])),
    }


def _starts(counts: Sequence[int]) -> Column:
    """Where the values of every clip start among those of all, and at last where they end."""
    return once(smallest(np.cumsum([0, *counts])))


def _values_of(numbers: Column, starts: Column) -> tuple[Column, Column]:
    """Where the values of these clips lie among those of all, and how many each clip has."""
    first = starts[numbers].astype(np.int64)
    n_each = starts[numbers + 1] - first
    return np.arange(n_each.sum()) + np.repeat(first - np.cumsum(n_each) + n_each, n_each), n_each


def _split(values: list[T], n_each: Column) -> list[tuple[T, ...]]:
    left = iter(values)
    return [tuple(islice(left, n)) for n in n_each.tolist()]


def _or_none(seconds: Column) -> list[float | None]:
    return [None if value != value else value for value in seconds.tolist()]
