"""How a model hears a sound as it comes: block by block with a state, or window by window."""

from panns.detection.choose import make_scorer
from panns.detection.scorer import AT_ONCE_S, Frames, FrameScorer, ScorerState, WindowConfig, joined

__all__ = ["AT_ONCE_S", "FrameScorer", "Frames", "ScorerState", "WindowConfig", "joined", "make_scorer"]
