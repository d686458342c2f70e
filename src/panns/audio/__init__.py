"""Sound in: decode any source, in blocks, to mono float32 at the rate a model wants."""

from panns.audio.limits import DecodeLimits
from panns.audio.resample import Resampler, resample
from panns.audio.source import Source
from panns.audio.stream import AudioStream, load_audio, open_audio

__all__ = ["AudioStream", "DecodeLimits", "Resampler", "Source", "load_audio", "open_audio", "resample"]
