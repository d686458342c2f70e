"""Events of a live sound, told as they start and as they end; every start has its end."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any, Literal

from panns.events import EventConfig
from panns.results import Event, StreamScores

# Times are multiples of a hop, whose differences are rounded.
_TOLERANCE_S = 1e-6


@dataclass(frozen=True)
class LiveEvent:
    """An event that started or ended.

    Attributes:
        kind: Which of both.
        event: As far as it is known: of one that started, `offset_s` is only the end of what was heard of it, and the
            score may still rise.
    """

    kind: Literal["start", "end"]
    event: Event

    def to_dict(self) -> dict[str, Any]:
        """JSON of the event; nothing is rounded, and one that started has no offset."""
        fields = self.event.to_dict()
        if self.kind == "start":
            del fields["offset_s"]
        return fields


class LiveEvents:
    """What starts and ends in one stream.

    An event has started once its score has reached the threshold and it has lasted for the shortest duration of an
    event: from then on nothing can undo it, as what is silent later can only set its end. One that ends sooner after
    its start than the model answers starts and ends at once.

    Args:
        min_duration_s: Of `EventConfig`.
    """

    def __init__(self, min_duration_s: float) -> None:
        self._min_duration_s = min_duration_s
        # By class, of which one event at most goes on.
        self._going_on: dict[int, Event] = {}

    @property
    def going_on(self) -> tuple[Event, ...]:
        """What started and has not ended, by onset; also over gaps that may still be bridged."""
        return tuple(sorted(self._going_on.values(), key=lambda event: (event.onset_s, event.index)))

    def take(self, scores: StreamScores) -> list[LiveEvent]:
        """What started and ended by a push: first the events that ended, in their order, then those that go on."""
        found: list[LiveEvent] = []
        for event in scores.events:
            if self._going_on.pop(event.index, None) is None:
                found.append(LiveEvent("start", replace(event, offset_s=event.onset_s)))
            found.append(LiveEvent("end", event))
        for event in scores.ongoing:
            if event.index in self._going_on:
                self._going_on[event.index] = event
            elif event.offset_s - event.onset_s >= self._min_duration_s - _TOLERANCE_S:
                self._going_on[event.index] = event
                found.append(LiveEvent("start", event))
        return found


def start_latency_s(latency_s: float, hop_s: float, config: EventConfig) -> float:
    """How long after its score reached the threshold an event has started, at most, apart from the time of computing.

    It must last for the shortest duration of an event, and the last frame of that has its median half a filter later.

    Args:
        latency_s: After which scores are known.
        hop_s: From one score frame to the next.
        config: What makes an event.

    Example:
        >>> round(start_latency_s(0.05, 0.01, EventConfig(median_s=0.2, min_duration_s=0.1)), 6)
        0.24
    """
    n_frames = max(1, math.ceil(config.min_duration_s / hop_s - _TOLERANCE_S))
    return latency_s + (n_frames - 1 + config.n_median(hop_s) // 2) * hop_s
