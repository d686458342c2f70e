"""Sound in: decode any source, in blocks, to mono float32 at the rate a model wants."""

from panns.audio.input_devices import InputDevice, list_microphones
from panns.audio.limits import DecodeLimits
from panns.audio.live import LiveSound
from panns.audio.microphone import Microphone
from panns.audio.playback import PlayedFile
from panns.audio.resample import Resampler, resample
from panns.audio.source import Source
from panns.audio.stream import AudioStream, load_audio, open_audio

__all__ = [
    "AudioStream",
    "DecodeLimits",
    "InputDevice",
    "LiveSound",
    "Microphone",
    "PlayedFile",
    "Resampler",
    "Source",
    "list_microphones",
    "load_audio",
    "open_audio",
    "resample",
]
