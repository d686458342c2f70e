"""Soundscapes mixed from clips: what sounds when is known, because it was put there."""

from panns.data.soundscapes.plan import Placed, Soundscape, SoundscapeConfig, draw_soundscape
from panns.data.soundscapes.sounding import SoundingConfig, Stretch, sounding_stretches

__all__ = [
    "Placed",
    "SoundingConfig",
    "Soundscape",
    "SoundscapeConfig",
    "Stretch",
    "draw_soundscape",
    "sounding_stretches",
]
