"""Detection in live sound: its scores block by block, and the start and end of its events."""

from __future__ import annotations

import math
from collections.abc import Generator
from dataclasses import dataclass, replace
from typing import Any, Literal

from panns.audio import LiveSound
from panns.detection.stream import Stream
from panns.errors import PannsError
from panns.events import EventConfig
from panns.results import Event, StreamScores

# Times are multiples of a hop, and their differences are rounded.
_TOLERANCE_S = 1e-6


def listen(stream: Stream, sound: LiveSound) -> Generator[StreamScores, None, None]:
    """Push a live sound into a stream until it ends.

    Args:
        stream: A stream for the rate of the sound.
        sound: The sound.

    Yields:
        The new frames and events after every block, then the remaining ones.

    Raises:
        PannsError: The sound failed. The frames and events until then come first.
    """
    failure = None
    try:
        for block in sound:
            yield stream.push(block)
    except PannsError as error:
        failure = error
    yield stream.finish()
    if failure is not None:
        raise failure


@dataclass(frozen=True)
class LiveEvent:
    """The start or the end of an event.

    Attributes:
        kind: "start" or "end".
        event: The event as known so far. At its start, `offset_s` is the end of its latest frame, and the score may
            still rise.
    """

    kind: Literal["start", "end"]
    event: Event

    def to_dict(self) -> dict[str, Any]:
        """JSON of the event, not rounded; a start has no `offset_s`."""
        fields = self.event.to_dict()
        if self.kind == "start":
            del fields["offset_s"]
        return fields


class LiveEvents:
    """Starts and ends of the events of one stream; every start gets one end.

    An event starts once its score has reached the threshold and it has lasted for the minimum duration. Later scores
    can then only set its end. An event that ends before the model reports its start gets both at once.

    Args:
        min_duration_s: Minimum duration of an event, in seconds (`EventConfig.min_duration_s`).
    """

    def __init__(self, min_duration_s: float) -> None:
        self._min_duration_s = min_duration_s
        self._active: dict[int, Event] = {}  # by class, which has at most one active event

    @property
    def active(self) -> tuple[Event, ...]:
        """Events that started and have not ended, by onset; gaps that may still be bridged do not end them."""
        return tuple(sorted(self._active.values(), key=lambda event: (event.onset_s, event.index)))

    def update(self, scores: StreamScores) -> list[LiveEvent]:
        """Starts and ends after a push: first of the events that ended, in their order, then of active ones."""
        found: list[LiveEvent] = []
        for event in scores.events:
            if self._active.pop(event.index, None) is None:
                found.append(LiveEvent("start", replace(event, offset_s=event.onset_s)))
            found.append(LiveEvent("end", event))
        for event in scores.ongoing:
            if event.index in self._active:
                self._active[event.index] = event
            elif event.offset_s - event.onset_s >= self._min_duration_s - _TOLERANCE_S:
                self._active[event.index] = event
                found.append(LiveEvent("start", event))
        return found


def start_latency_s(latency_s: float, hop_s: float, config: EventConfig) -> float:
    """Longest delay from a score above the threshold until the event starts, in seconds, without computing time.

    The event must last for its minimum duration, and the median filter delays the last frame of it by half its length.

    Args:
        latency_s: Longest delay of a score.
        hop_s: Time from one score frame to the next.
        config: Settings of events.

    Examples:
        >>> round(start_latency_s(0.05, 0.01, EventConfig(median_s=0.2, min_duration_s=0.1)), 6)
        0.24
    """
    n_frames = max(1, math.ceil(config.min_duration_s / hop_s - _TOLERANCE_S))
    return latency_s + (n_frames - 1 + config.n_median(hop_s) // 2) * hop_s
