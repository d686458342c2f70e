"""Synthetic soundscapes mixed from clips, with known event times."""

from panns.data.soundscapes.activity import ActivityConfig, Stretch, find_active_stretches
from panns.data.soundscapes.backgrounds import NoiseBackgrounds, RecordedBackgrounds, read_recordings
from panns.data.soundscapes.plan import PlacedClip, Soundscape, SoundscapeConfig, draw_soundscape
from panns.data.soundscapes.render import Mixture, render
from panns.data.soundscapes.write import SoundscapeSummary, write_soundscapes

__all__ = [
    "ActivityConfig",
    "Mixture",
    "NoiseBackgrounds",
    "PlacedClip",
    "RecordedBackgrounds",
    "Soundscape",
    "SoundscapeConfig",
    "SoundscapeSummary",
    "Stretch",
    "draw_soundscape",
    "find_active_stretches",
    "read_recordings",
    "render",
    "write_soundscapes",
]
