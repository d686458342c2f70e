"""Detections from the JSON of a result file, to be written in another format."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from panns.clock import Clock, TimeSource
from panns.results import Detection, Event


def stored_detection(record: Mapping[str, Any]) -> Detection:
    """The detection of a record, which `Detection.to_dict` wrote.

    Its clock, if it has one, knows the start of the recording and the times of the events.
    """
    events = tuple(
        Event(**{name: one[name] for name in ("label", "label_zh", "index", "onset_s", "offset_s", "score")})
        for one in record["events"]
    )
    return Detection(record["file"], record["duration_s"], record["model"], events, clock=_stored_clock(record))


@dataclass(frozen=True)
class _StoredClock(Clock):
    """A clock of some stored times."""

    times: Mapping[float, datetime | None] = field(default_factory=dict)

    def at(self, time_s: float) -> datetime | None:
        return self.times.get(time_s)


def _stored_clock(record: Mapping[str, Any]) -> Clock | None:
    if "recorded_at" not in record:
        return None
    times = {
        event[f"{side}_s"]: _time(event[f"{side}_at"]) for event in record["events"] for side in ("onset", "offset")
    }
    source = record["clock_source"]
    return _StoredClock(_time(record["recorded_at"]), None if source is None else TimeSource(source), times=times)


def _time(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)
