"""Events of a live sound, told as they start and as they end; every start has its end."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Literal

from panns.results import Event, StreamScores


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

    An event has started once it sounds for the shortest duration of an event: from then on nothing can undo it, as
    what is silent later can only set its end. One that ends sooner after its start than the model answers starts and
    ends at once.

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
            elif event.offset_s - event.onset_s >= self._min_duration_s:
                self._going_on[event.index] = event
                found.append(LiveEvent("start", event))
        return found
