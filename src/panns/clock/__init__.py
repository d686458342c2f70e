"""Clock times of a recording: times that its name and metadata state, and the clock that follows from them.

Pure functions of texts and dates. `audio/stated_times/` reads the texts from files.
"""

from panns.clock.recording_clock import Clock
from panns.clock.stated_time import StatedTime, TimeSource

__all__ = ["Clock", "StatedTime", "TimeSource"]
