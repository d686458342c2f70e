"""From frame scores to events with an onset and an offset: pure functions of arrays, the same in whatever blocks.

A median filter over time, two thresholds, gaps that are bridged, and what is too short left out. What is known so far
is a value (`EventState`), so a stream can be saved and go on; `find_events` does the same for a whole sound at once.
"""

from panns.events.config import EventConfig
from panns.events.tracker import EventState, EventTracker, FoundEvent, find_events

__all__ = ["EventConfig", "EventState", "EventTracker", "FoundEvent", "find_events"]
