"""Events with onset and offset from frame scores: pure functions of arrays, independent of how frames are blocked.

The steps are a median filter over time, two thresholds, bridging of gaps, and removal of short events. The state of a
stream is a value (`EventState`), so a stream can be saved and resumed. `find_events` does it all for a whole sound.
"""

from panns.events.config import EventConfig
from panns.events.tracker import EventState, EventTracker, FoundEvent, find_events

__all__ = ["EventConfig", "EventState", "EventTracker", "FoundEvent", "find_events"]
