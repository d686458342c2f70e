"""Detection: from the samples of a file or a stream to frame scores, and from these to events.

    samples ──> scorer ──> frame scores ──> panns.events ──> events
                blocks or windows           thresholds, gaps, durations

`detector` joins these parts, `stream` keeps the state of one stream, `offline` and `live` use them.
"""

from panns.detection.scorer import FrameScorer, make_scorer
from panns.detection.window_scorer import WindowConfig

__all__ = ["FrameScorer", "WindowConfig", "make_scorer"]
