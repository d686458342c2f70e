"""Results: frozen dataclasses; `to_dict()` gives the JSON of the command line."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, tzinfo
from typing import Any, Self, TypeVar, overload

import numpy as np
import numpy.typing as npt

from panns.clock import Clock, StatedTime
from panns.labels import Label
from panns.system.arrays import Array


@dataclass(frozen=True, eq=False)
class Scores:
    """Scores of a batch of clips; None for a field that the model does not have.

    Attributes:
        clip_probs: `(batch, classes)`.
        frame_probs: `(batch, frames, classes)`; NaN after the last frame of a clip shorter than the longest.
        embedding: `(batch, dim)`.
        frame_onsets_s: `(batch, frames)`, start of every frame in seconds; NaN after the last frame of a clip.
        patch_weights: `(batch, classes, columns, rows)`, weight of each patch of the log-mel, by time and frequency, in
            the clip score of each class; NaN after the last column of a clip. They sum to 1 over each window of a clip.
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
    """A class and its probability.

    Attributes:
        label: English name of the class.
        label_zh: Chinese name of the class.
        index: Index of the class in the label set.
        score: Probability of the class.
    """

    label: str
    label_zh: str
    index: int
    score: float

    @classmethod
    def of(cls, label: Label, score: float) -> Tag:
        """The tag of one class."""
        return cls(label=label.en, label_zh=label.zh, index=label.index, score=score)

    def to_dict(self) -> dict[str, Any]:
        """JSON of the tag; the score is not rounded."""
        return {"label": self.label, "label_zh": self.label_zh, "index": self.index, "score": self.score}


@dataclass(frozen=True)
class TagWindow:
    """The tags of one window of a longer sound.

    Attributes:
        onset_s: Start of the window, in seconds.
        offset_s: End of the window, in seconds.
        tags: The tags, best first.
    """

    onset_s: float
    offset_s: float
    tags: tuple[Tag, ...]

    def to_dict(self) -> dict[str, Any]:
        """JSON of the window."""
        return {"onset_s": self.onset_s, "offset_s": self.offset_s, "tags": [tag.to_dict() for tag in self.tags]}


@dataclass(frozen=True)
class Event:
    """An event: a class with onset and offset.

    Attributes:
        label: English name of the class.
        label_zh: Chinese name of the class.
        index: Index of the class in the label set.
        onset_s: Start of the event, in seconds.
        offset_s: End of the event, in seconds.
        score: Highest probability of the class during the event.
    """

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
        """JSON of the event, not rounded."""
        return dict(vars(self))


@dataclass(frozen=True, eq=False)
class SoundResult:
    """Base of the results for one sound.

    Attributes:
        file: The source: a path, or "<bytes>", "<stdin>", "<stream>", "<array>".
        duration_s: Duration of the sound, in seconds.
        model: Registered name of the model.
        warnings: Problems of the sound that did not prevent a result.
        stated_times: When the recording was made, as its name and metadata state it, most trusted first.
        clock: Its clock, after `with_clock`.
    """

    file: str
    duration_s: float
    model: str
    warnings: tuple[str, ...] = field(default=(), kw_only=True)
    stated_times: tuple[StatedTime, ...] = field(default=(), kw_only=True, repr=False)
    clock: Clock | None = field(default=None, kw_only=True, repr=False)

    @property
    def recorded_at(self) -> datetime | None:
        """Start of the recording, from its name or metadata; None if it is unknown.

        It has a time zone if one is stated, or the recorder's was given to `with_clock`. Else it is the recorder's
        clock.
        """
        return self._known_clock().recorded_at

    def clock_time(self, time_s: float) -> datetime | None:
        """Clock time of a second of the sound, such as `event.onset_s`; None if it is unknown."""
        return self._known_clock().at(time_s)

    def with_clock(
        self, timezone: str | tzinfo | None = None, *, recorder_timezone: str | tzinfo | None = None
    ) -> Self:
        """The result with clock times in its JSON, and with warnings about missing, wrong and contradictory times.

        Args:
            timezone: Time zone of the clock times, such as "Europe/Berlin" or "+02:00"; None to keep that of the
                recorder, or the one that is stated.
            recorder_timezone: Time zone that the recorder was set to, for times that state none.

        Raises:
            ValueError: A time zone is unknown.
        """
        clock = Clock.of(self.stated_times, self.duration_s, recorder_timezone=recorder_timezone, timezone=timezone)
        earlier = self.clock.warnings if self.clock else ()
        warnings = tuple(one for one in self.warnings if one not in earlier)
        return replace(self, clock=clock, warnings=warnings + clock.warnings)

    def _known_clock(self) -> Clock:
        return self.clock or Clock.of(self.stated_times, self.duration_s)

    def _times(self, **times_s: float) -> dict[str, str | None]:
        """JSON of clock times, by the names of their keys; empty without a clock."""
        return {} if self.clock is None else {key: _iso(self.clock.at(time_s)) for key, time_s in times_s.items()}

    @abstractmethod
    def _content(self) -> dict[str, Any]:
        """JSON of the fields of this result alone."""

    def to_dict(self) -> dict[str, Any]:
        """JSON of the result, not rounded; with `warnings` if there are any, with clock times after `with_clock`."""
        head: dict[str, Any] = {"file": self.file, "duration_s": self.duration_s, "model": self.model}
        if self.clock is not None:
            head |= {"recorded_at": _iso(self.clock.recorded_at), "clock_source": self.clock.source}
        tail = {"warnings": list(self.warnings)} if self.warnings else {}
        return head | self._content() | tail


def _iso(time: datetime | None) -> str | None:
    return None if time is None else time.isoformat(timespec="milliseconds")


ItemT = TypeVar("ItemT")


class _Listed(Sequence[ItemT]):
    """A result that is a sequence of its items."""

    @property
    @abstractmethod
    def _items(self) -> tuple[ItemT, ...]:
        """The items, in order."""

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
class Tagging(SoundResult, _Listed[Tag]):
    """The tags of one sound, best first; a sequence of `Tag`.

    Attributes:
        tags: The tags.
        windows: On request, the tags of every window; a sound of up to 30 s has one.
    """

    tags: tuple[Tag, ...]
    windows: tuple[TagWindow, ...] = ()

    @property
    def _items(self) -> tuple[Tag, ...]:
        return self.tags

    def _content(self) -> dict[str, Any]:
        tags = {"tags": [tag.to_dict() for tag in self.tags]}
        windows = [
            window.to_dict() | self._times(onset_at=window.onset_s, offset_at=window.offset_s)
            for window in self.windows
        ]
        return tags | ({"windows": windows} if windows else {})


@dataclass(frozen=True)
class Detection(SoundResult, _Listed[Event]):
    """The events in one sound, by onset; a sequence of `Event`.

    Attributes:
        events: The events.
    """

    events: tuple[Event, ...]

    @property
    def _items(self) -> tuple[Event, ...]:
        return self.events

    def _content(self) -> dict[str, Any]:
        events = [
            event.to_dict() | self._times(onset_at=event.onset_s, offset_at=event.offset_s) for event in self.events
        ]
        return {"events": events}


@dataclass(frozen=True, eq=False)
class SoundFrames(SoundResult):
    """Frame scores of one sound.

    Attributes:
        frame_probs: `(frames, classes)`, or the part of it that `keep` selected.
        frame_onsets_s: `(frames,)`, start of every frame in seconds.
    """

    frame_probs: Array
    frame_onsets_s: npt.NDArray[np.float64]

    def _content(self) -> dict[str, Any]:
        return {"frame_onsets_s": self.frame_onsets_s.tolist(), "frame_probs": self.frame_probs.tolist()}


@dataclass(frozen=True, eq=False)
class Embedding(SoundResult):
    """The embedding of one sound.

    Attributes:
        vector: `(dim,)` float32; for a sound of several windows their mean, weighted by length.
    """

    vector: Array

    def _content(self) -> dict[str, Any]:
        return {"embedding": [float(value) for value in self.vector]}


@dataclass(frozen=True, eq=False)
class StreamScores:
    """New frames and events of a stream after a push.

    Attributes:
        frame_probs: `(frames, classes)`, scores of the new frames.
        frame_onsets_s: `(frames,)`, start of every new frame in seconds.
        events: Events that ended and can no longer change.
        ongoing: Events that may continue. `offset_s` is the end of the latest frame or, in a gap that may still be
            bridged, the start of the gap. Some may still be too short to count.
    """

    frame_probs: Array
    frame_onsets_s: npt.NDArray[np.float64]
    events: tuple[Event, ...]
    ongoing: tuple[Event, ...]

    def to_dict(self) -> dict[str, Any]:
        """JSON of the events, without the frames."""
        return {
            "events": [event.to_dict() for event in self.events],
            "ongoing": [event.to_dict() for event in self.ongoing],
        }
