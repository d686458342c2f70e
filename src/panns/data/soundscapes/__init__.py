"""Soundscapes mixed from clips: what sounds when is known, because it was put there."""

from panns.data.soundscapes.backgrounds import MadeBackgrounds, RecordedBackgrounds, read_recordings
from panns.data.soundscapes.plan import Placed, Soundscape, SoundscapeConfig, draw_soundscape
from panns.data.soundscapes.render import Mixture, render
from panns.data.soundscapes.sounding import SoundingConfig, Stretch, sounding_stretches
from panns.data.soundscapes.write import WrittenSoundscapes, write_soundscapes

__all__ = [
    "MadeBackgrounds",
    "Mixture",
    "Placed",
    "RecordedBackgrounds",
    "SoundingConfig",
    "Soundscape",
    "SoundscapeConfig",
    "Stretch",
    "WrittenSoundscapes",
    "draw_soundscape",
    "read_recordings",
    "render",
    "sounding_stretches",
    "write_soundscapes",
]
