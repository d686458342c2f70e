"""What a recognizer answers: frozen dataclasses with `to_dict()` in the shape of the command line's JSON."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar, overload

import numpy as np
import numpy.typing as npt

from panns.labels import Label

Array = npt.NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Scores:
    """Arrays that a model computed for a batch of clips; None where the model has no such field.

    Attributes:
        clip_probs: `(batch, classes)`.
        frame_probs: `(batch, frames, classes)`; a clip with fewer frames than the longest is filled up with NaN.
        embedding: `(batch, dim)`.
        frame_onsets_s: `(batch, frames)`, start of every frame in seconds, NaN where a clip has no such frame.
        patch_weights: `(batch, classes, columns, rows)`, how much each patch of the log-mel, by time and by frequency,
            counts for the clip score of each class; a clip with fewer columns is filled up with NaN. They sum to 1, in
            each window of its own where a long clip was heard in several.
        patch_onsets_s: `(batch, columns)`, start of every column of patches in seconds.
    """

    clip_probs: Array
    frame_probs: Array | None = None
    embedding: Array | None = None
    frame_onsets_s: npt.NDArray[np.float64] | None = None
    patch_weights: Array | None = None
    patch_onsets_s: npt.NDArray[np.float64] | None = None


@dataclass(frozen=True)
class Tag:
    """A class and its probability."""

    label: str
    label_zh: str
    index: int
    score: float

    @classmethod
    def of(cls, label: Label, score: float) -> Tag:
        """The tag of one class."""
        return cls(label=label.en, label_zh=label.zh, index=label.index, score=score)

    def to_dict(self) -> dict[str, Any]:
        """JSON of this tag; the score is not rounded."""
        return {"label": self.label, "label_zh": self.label_zh, "index": self.index, "score": self.score}


@dataclass(frozen=True)
class TagWindow:
    """The tags of one stretch of a longer sound."""

    onset_s: float
    offset_s: float
    tags: tuple[Tag, ...]

    def to_dict(self) -> dict[str, Any]:
        """JSON of this window."""
        return {"onset_s": self.onset_s, "offset_s": self.offset_s, "tags": [tag.to_dict() for tag in self.tags]}


ItemT = TypeVar("ItemT")


class _Listed(Sequence[ItemT]):
    """An answer that is a sequence of what was found."""

    @property
    @abstractmethod
    def _items(self) -> tuple[ItemT, ...]:
        """What was found, in order."""

    @overload
    def __getitem__(self, index: int) -> ItemT: ...
    @overload
    def __getitem__(self, index: slice) -> tuple[ItemT, ...]: ...
    def __getitem__(self, index: int | slice) -> ItemT | tuple[ItemT, ...]:
        return self._items[index]

    def __len__(self) -> int:
        return len(self._items)

    def __iter__(self) -> Iterator[ItemT]:
        return iter(self._items)


@dataclass(frozen=True)
class Tagging(_Listed[Tag]):
    """The tags of one sound, best first; a sequence of `Tag`.

    Attributes:
        file: What was given: a path, or "<bytes>", "<stdin>", "<array>".
        duration_s: Length of the sound that was heard.
        model: Registered name of the model that answered.
        tags: The tags.
        windows: With a timeline, the stretches that the model heard one by one: a single one for up to 30 s.
        warnings: What was wrong with the sound although it could be answered.
    """

    file: str
    duration_s: float
    model: str
    tags: tuple[Tag, ...]
    windows: tuple[TagWindow, ...] = ()
    warnings: tuple[str, ...] = ()

    @property
    def _items(self) -> tuple[Tag, ...]:
        return self.tags

    def to_dict(self) -> dict[str, Any]:
        """JSON of this answer."""
        result: dict[str, Any] = {
            "file": self.file,
            "duration_s": self.duration_s,
            "model": self.model,
            "tags": [tag.to_dict() for tag in self.tags],
        }
        if self.windows:
            result["windows"] = [window.to_dict() for window in self.windows]
        if self.warnings:
            result["warnings"] = list(self.warnings)
        return result


@dataclass(frozen=True)
class Event:
    """A class that sounded from an onset to an offset; `score` is its highest probability in between."""

    label: str
    label_zh: str
    index: int
    onset_s: float
    offset_s: float
    score: float

    @classmethod
    def of(cls, label: Label, onset_s: float, offset_s: float, score: float) -> Event:
        """An event of one class."""
        return cls(label.en, label.zh, label.index, onset_s, offset_s, score)

    def to_dict(self) -> dict[str, Any]:
        """JSON of this event; nothing is rounded."""
        return dict(vars(self))


@dataclass(frozen=True)
class Detection(_Listed[Event]):
    """The events in one sound, by onset; a sequence of `Event`.

    Attributes:
        file: What was given: a path, or "<bytes>", "<stdin>", "<array>".
        duration_s: Length of the sound that was heard.
        model: Registered name of the model that answered.
        events: The events.
        warnings: What was wrong with the sound although it could be answered.
    """

    file: str
    duration_s: float
    model: str
    events: tuple[Event, ...]
    warnings: tuple[str, ...] = ()

    @property
    def _items(self) -> tuple[Event, ...]:
        return self.events

    def to_dict(self) -> dict[str, Any]:
        """JSON of this answer."""
        result: dict[str, Any] = {
            "file": self.file,
            "duration_s": self.duration_s,
            "model": self.model,
            "events": [event.to_dict() for event in self.events],
        }
        if self.warnings:
            result["warnings"] = list(self.warnings)
        return result


@dataclass(frozen=True, eq=False)
class StreamScores:
    """What became known of a stream by a push.

    Attributes:
        frame_probs: `(frames, classes)`, the frames that became known.
        frame_onsets_s: `(frames,)`, when they begin in the stream.
        events: The events that ended and can no longer change.
        ongoing: What has begun and may go on: `offset_s` is the end of the latest frame or, in a gap that is short so
            far, when it fell silent. Events too short to count are in it still.
    """

    frame_probs: Array
    frame_onsets_s: npt.NDArray[np.float64]
    events: tuple[Event, ...]
    ongoing: tuple[Event, ...]

    def to_dict(self) -> dict[str, Any]:
        """JSON of the events; the frames are arrays."""
        return {
            "events": [event.to_dict() for event in self.events],
            "ongoing": [event.to_dict() for event in self.ongoing],
        }


@dataclass(frozen=True, eq=False)
class SoundFrames:
    """Scores over the time of one sound.

    Attributes:
        file: What was given.
        duration_s: Length of the sound that was heard.
        model: Name of the model.
        frame_probs: `(frames, classes)`, or what was kept of them.
        frame_onsets_s: `(frames,)`, when they begin.
        warnings: Sentences on what is missing or odd in the sound.
    """

    file: str
    duration_s: float
    model: str
    frame_probs: Array
    frame_onsets_s: npt.NDArray[np.float64]
    warnings: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """JSON of the frames; nothing is rounded."""
        result: dict[str, Any] = {
            "file": self.file,
            "duration_s": self.duration_s,
            "model": self.model,
            "frame_onsets_s": self.frame_onsets_s.tolist(),
            "frame_probs": self.frame_probs.tolist(),
        }
        if self.warnings:
            result["warnings"] = list(self.warnings)
        return result


@dataclass(frozen=True, eq=False)
class Embedding:
    """The embedding of one sound.

    Attributes:
        file: What was given.
        duration_s: Length of the sound that was heard.
        model: Registered name of the model that answered.
        vector: `(dim,)` float32; of a sound that was heard in windows their mean, weighted by length.
        warnings: What was wrong with the sound although it could be answered.
    """

    file: str
    duration_s: float
    model: str
    vector: Array
    warnings: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """JSON of this answer."""
        result: dict[str, Any] = {
            "file": self.file,
            "duration_s": self.duration_s,
            "model": self.model,
            "embedding": [float(value) for value in self.vector],
        }
        if self.warnings:
            result["warnings"] = list(self.warnings)
        return result
