"""Audio input: decode any source, block by block, to mono float32 at a model's sample rate.

`sound.py` joins the three subpackages: `decoding/` (files, bytes, arrays), `resampling/` (soxr for whole sounds, a
filter with an explicit state for streams) and `live/` (microphones, pipes, addresses). `limits.py` bounds what is
accepted.
"""

from panns.audio.decoding.source import Source
from panns.audio.limits import DecodeLimits
from panns.audio.live.input_devices import InputDevice, list_microphones
from panns.audio.live.live_sound import LiveSound
from panns.audio.live.microphone import Microphone
from panns.audio.live.network_sound import NetworkSound
from panns.audio.live.piped_sound import PipedSound
from panns.audio.live.playback import PlayedFile
from panns.audio.resampling.resample import Resampler, resample
from panns.audio.sound import Sound, load_sound, open_sound

__all__ = [
    "DecodeLimits",
    "InputDevice",
    "LiveSound",
    "Microphone",
    "NetworkSound",
    "PipedSound",
    "PlayedFile",
    "Resampler",
    "Sound",
    "Source",
    "list_microphones",
    "load_sound",
    "open_sound",
    "resample",
]
