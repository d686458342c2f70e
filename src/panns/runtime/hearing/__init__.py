"""How a model hears a sound as it comes: block by block with a state, or window by window."""

from panns.runtime.hearing.choose import hearing_of
from panns.runtime.hearing.hearing import AT_ONCE_S, Frames, Hearing, HearingConfig, HearingState, joined

__all__ = ["AT_ONCE_S", "Frames", "Hearing", "HearingConfig", "HearingState", "hearing_of", "joined"]
