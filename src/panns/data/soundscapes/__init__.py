"""Soundscapes mixed from clips: what sounds when is known, because it was put there."""

from panns.data.soundscapes.activity import ActivityConfig, Stretch, active_stretches
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
    "active_stretches",
    "draw_soundscape",
    "read_recordings",
    "render",
    "write_soundscapes",
]
