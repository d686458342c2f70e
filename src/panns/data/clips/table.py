"""Table of clips: a few arrays that hold two million clips in a tenth of the memory of as many `Clip` objects.

The arrays are the columns of the table, by name:

    n_clips                          number of clips
    <text>_code                      for every clip, the number of its text; <text> is path, fold, source, licence or
                                     attribution
    <text>_texts, <text>_text_starts the different texts, UTF-8 in one block of bytes, and where each begins
    onset_s, offset_s                for every clip, NaN for None
    label_starts, label_codes        labels of all clips in one row of numbers, and where each clip's labels begin
    event_starts, event_codes,       events of all clips in the same form
    event_onset_s, event_offset_s
    label_texts, label_text_starts   the different labels of clips and events

The column `<name>_starts` has one value more than there are clips: the labels of clip `i` are
`label_codes[label_starts[i] : label_starts[i + 1]]`. A column with the same value for every clip holds that value once.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from typing import Any, TypeAlias, TypeVar, overload

import numpy as np
import numpy.typing as npt

from panns.data.clips.clip import Clip, TimedLabel

T = TypeVar("T")
Column: TypeAlias = npt.NDArray[Any]

_TEXT_FIELDS = ("path", "fold", "source", "licence", "attribution")
# Up to this many different texts are decoded once and shared by all clips; more, such as paths, are decoded on demand.
_MAX_SHARED_TEXTS = 2**12
_N_AT_ONCE = 4096  # clips that an iteration makes at once


def clip_columns(clips: Sequence[Clip]) -> dict[str, Column]:
    """Columns of a table that holds these clips."""
    events = [event for clip in clips for event in clip.events]
    n_labels = [len(clip.labels) for clip in clips]
    labels = [label for clip in clips for label in clip.labels] + [event.label for event in events]
    columns = _text_columns("label", labels)
    label_codes = np.broadcast_to(columns.pop("label_code"), len(labels))
    for name in _TEXT_FIELDS:
        columns |= _text_columns(name, [getattr(clip, name) for clip in clips])
    return (
        columns
        | {
            "n_clips": np.array(len(clips)),
            "onset_s": collapse_constant(np.array([clip.onset_s for clip in clips], np.float64)),  # None becomes NaN
            "offset_s": collapse_constant(np.array([clip.offset_s for clip in clips], np.float64)),
            "label_starts": _starts_of(n_labels),
            "label_codes": label_codes[: sum(n_labels)],
            "event_starts": _starts_of([len(clip.events) for clip in clips]),
            "event_codes": label_codes[sum(n_labels) :],
            "event_onset_s": np.array([event.onset_s for event in events], np.float64),
            "event_offset_s": np.array([event.offset_s for event in events], np.float64),
        }
    )


class ClipTable(Sequence[Clip]):
    """Clips in columns; a `Clip` is made whenever one is read."""

    def __init__(self, columns: Mapping[str, Column]) -> None:
        """Wrap the columns that `clip_columns` makes.

        Raises:
            KeyError: A column is missing.
            ValueError: The columns differ in length, in type, or refer to values that are not there.
        """
        self._n_clips = int(columns["n_clips"])
        for name in _TEXT_FIELDS:
            _check_codes(columns, f"{name}_code", name)
        for name in ("label", "event"):
            _check_codes(columns, f"{name}_codes", "label")
            _check_starts(columns, f"{name}_starts", len(columns[f"{name}_codes"]))
        for name in ("onset_s", "offset_s", "event_onset_s", "event_offset_s"):
            if columns[name].dtype.kind != "f" or columns[name].ndim != 1:
                raise ValueError(f"{name} of type {columns[name].dtype}")
        if not len(columns["event_onset_s"]) == len(columns["event_offset_s"]) == len(columns["event_codes"]):
            raise ValueError("events and their times differ in number")
        self._texts = {name: _TextTable(columns, name) for name in _TEXT_FIELDS}
        self._text_codes = {name: self._full(columns[f"{name}_code"]) for name in _TEXT_FIELDS}
        self._onset_s, self._offset_s = self._full(columns["onset_s"]), self._full(columns["offset_s"])
        self._labels = _TextTable(columns, "label")
        self._label_starts = self._full(columns["label_starts"], n_extra=1)
        self._label_codes = columns["label_codes"]
        self._event_starts = self._full(columns["event_starts"], n_extra=1)
        self._event_codes = columns["event_codes"]
        self._event_onset_s, self._event_offset_s = columns["event_onset_s"], columns["event_offset_s"]

    def _full(self, column: Column, *, n_extra: int = 0) -> Column:
        """A column at its full length, also if it is constant and holds one value."""
        return np.broadcast_to(column, self._n_clips + n_extra)

    def __len__(self) -> int:
        return self._n_clips

    @overload
    def __getitem__(self, i: int) -> Clip: ...
    @overload
    def __getitem__(self, i: slice) -> Sequence[Clip]: ...
    def __getitem__(self, i: int | slice) -> Clip | Sequence[Clip]:
        if isinstance(i, slice):
            return [self[k] for k in range(*i.indices(self._n_clips))]
        if not -self._n_clips <= i < self._n_clips:
            raise IndexError(f"clip {i} is out of range for a table of {self._n_clips}")
        return self.take(np.array([i % self._n_clips]))[0]

    def __iter__(self) -> Iterator[Clip]:
        for start in range(0, self._n_clips, _N_AT_ONCE):
            yield from self.take(np.arange(start, min(start + _N_AT_ONCE, self._n_clips)))

    def take(self, indices: npt.NDArray[np.int64]) -> list[Clip]:
        """Make the clips with these indices (0 or more), one column at a time; several times faster than one by one."""
        texts = {name: self._texts[name].take(self._text_codes[name][indices]) for name in _TEXT_FIELDS}
        label_places, n_labels = _places_of(indices, self._label_starts)
        event_places, n_events = _places_of(indices, self._event_starts)
        columns = zip(
            texts["path"],
            _split(self._labels.take(self._label_codes[label_places]), n_labels),
            texts["fold"],
            texts["source"],
            _nan_to_none(self._onset_s[indices]),
            _nan_to_none(self._offset_s[indices]),
            _split(self._make_events(event_places), n_events),
            texts["licence"],
            texts["attribution"],
            strict=True,
        )
        return [Clip(*values) for values in columns]

    def _make_events(self, places: Column) -> list[TimedLabel]:
        labels = self._labels.take(self._event_codes[places])
        times = (column[places].tolist() for column in (self._event_onset_s, self._event_offset_s))
        return list(map(TimedLabel, labels, *times))


class _TextTable:
    """Different texts by number, in one block of bytes."""

    def __init__(self, columns: Mapping[str, Column], name: str) -> None:
        if columns[f"{name}_texts"].dtype != np.uint8 or columns[f"{name}_texts"].ndim != 1:
            raise ValueError(f"{name}_texts of type {columns[f'{name}_texts'].dtype}")
        _check_starts(columns, f"{name}_text_starts", len(columns[f"{name}_texts"]))
        self._bytes = columns[f"{name}_texts"].data
        self._starts: Column = columns[f"{name}_text_starts"]
        n_texts = len(self._starts) - 1
        self._shared = [self._decode(code) for code in range(n_texts)] if n_texts <= _MAX_SHARED_TEXTS else None

    def take(self, codes: Column) -> list[str]:
        if self._shared is not None:
            return [self._shared[code] for code in codes.tolist()]
        return [self._decode(code) for code in codes.tolist()]

    def _decode(self, code: int) -> str:
        # File names may contain bytes that are not valid UTF-8; they are stored as lone surrogates.
        return str(self._bytes[self._starts[code] : self._starts[code + 1]], "utf-8", "surrogatepass")


def _check_codes(columns: Mapping[str, Column], name: str, of: str) -> None:
    """Check that every code is the number of a text.

    Raises:
        ValueError: A code is not.
    """
    codes, n_texts = columns[name], len(columns[f"{of}_text_starts"]) - 1
    is_whole = codes.dtype.kind in "iu" and codes.ndim == 1
    if not is_whole or (len(codes) and not 0 <= int(codes.min()) <= int(codes.max()) < n_texts):
        raise ValueError(f"{name} refers to other texts than the {n_texts} there are")


def _check_starts(columns: Mapping[str, Column], name: str, n_values: int) -> None:
    """Check that starts never fall, and stay within the values.

    Raises:
        ValueError: They do not.
    """
    starts = columns[name]
    is_whole = starts.dtype.kind in "iu" and starts.ndim == 1 and len(starts) > 0
    if not is_whole or starts[0] < 0 or starts[-1] > n_values or (starts[1:] < starts[:-1]).any():
        raise ValueError(f"{name} does not divide {n_values} values")


def collapse_constant(column: Column) -> Column:
    """Keep a single value of a constant column; `np.broadcast_to` restores its length."""
    first = column[:1]
    is_constant = (column == first).all() or (column.dtype.kind == "f" and np.isnan(column).all())
    return first if is_constant else column


def smallest_type(numbers: Column) -> Column:
    """Numbers of at least 0 in the smallest integer type that holds them."""
    return numbers.astype(np.min_scalar_type(numbers.max(initial=0)))


def _text_columns(name: str, texts: Sequence[str]) -> dict[str, Column]:
    codes: dict[str, int] = {}
    column = np.fromiter((codes.setdefault(text, len(codes)) for text in texts), np.int64, len(texts))
    encoded = [text.encode("utf-8", "surrogatepass") for text in codes]
    return {
        f"{name}_code": collapse_constant(smallest_type(column)),
        f"{name}_texts": np.frombuffer(b"".join(encoded), np.uint8),
        f"{name}_text_starts": smallest_type(np.cumsum([0, *map(len, encoded)])),
    }


def _starts_of(counts: Sequence[int]) -> Column:
    """Start of the values of every clip in the row of all values; the last number is the total."""
    return collapse_constant(smallest_type(np.cumsum([0, *counts])))


def _places_of(indices: Column, starts: Column) -> tuple[Column, Column]:
    """Places of the values of these clips in the row of all values, and the number of values of each clip.

    Examples:
        >>> places, n_each = _places_of(np.array([2, 0]), np.array([0, 2, 2, 5]))
        >>> places.tolist(), n_each.tolist()
        ([2, 3, 4, 0, 1], [3, 2])
    """
    first = starts[indices].astype(np.int64)
    n_each = starts[indices + 1] - first
    n_before = np.cumsum(n_each) - n_each
    return np.arange(n_each.sum()) + np.repeat(first - n_before, n_each), n_each


def _split(values: list[T], n_each: Column) -> list[tuple[T, ...]]:
    """Cut a list into tuples of these lengths."""
    rest = iter(values)
    return [tuple(islice(rest, n)) for n in n_each.tolist()]


def _nan_to_none(seconds: Column) -> list[float | None]:
    return [None if value != value else value for value in seconds.tolist()]
