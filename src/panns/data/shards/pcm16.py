"""Sound as 16-bit integers: WAV, which is read by one copy, or FLAC, which takes about half the room."""

from __future__ import annotations

import io
import math
import struct
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from panns.errors import AudioDecodeError

Array = npt.NDArray[np.float32]

_FULL_SCALE = 32_768
# Below this, -36 dB, 16 bits would leave a sound fewer than 10 of its own.
_QUIET_PEAK = 2.0**-6
# What 24-bit recorders resolve; what is quieter is silence.
_MIN_GAIN = 2.0**-24
_HEADER_BYTES = 44
_MAX_WAV_BYTES = 2**32 - _HEADER_BYTES
MAX_FLAC_RATE = 655_350


def encode(waveform: Array, sample_rate: int, coding: Literal["wav", "flac"]) -> tuple[bytes, float]:
    """A mono sound as the bytes of a 16-bit file, and the gain that gives what is decoded its own level back.

    The gain is 1 where the sound fits. Loud recordings reach over full scale once they are resampled; cut off there,
    they would get overtones that nobody recorded. Very quiet ones, as of float recorders, would be left a few bits.
    Both are stored at another level. The gain is a power of two, by which numbers are multiplied without rounding, so
    that a 16-bit original comes back bit for bit.

    Args:
        waveform: `(samples,)`, finite.
        sample_rate: In Hz; FLAC knows up to 655,350.
        coding: What file.

    Raises:
        AudioDecodeError: Such a file cannot hold so long a sound or such a rate.
    """
    _check(len(waveform), sample_rate, coding)
    peak = float(np.abs(waveform).max(initial=0.0))
    gain = 1.0
    if peak > 1 or 0 < peak < _QUIET_PEAK:
        gain = max(2.0 ** math.frexp(peak)[1], _MIN_GAIN)
    # A sample at +1.0 is one step more than the largest integer.
    stored = np.minimum(np.rint(waveform * np.float32(_FULL_SCALE / gain)), _FULL_SCALE - 1).astype("<i2")
    return (_wav if coding == "wav" else _flac)(stored, sample_rate), gain


def decode_wav(data: bytes | memoryview, sample_rate: int, gain: float) -> Array | None:
    """The sound of a 16-bit mono WAV of that rate in its plainest layout; None for anything else.

    It takes a hundredth of the time that a decoder and a resampler take.
    """
    n_bytes = len(data) - _HEADER_BYTES
    is_possible = 0 < n_bytes < _MAX_WAV_BYTES and n_bytes % 2 == 0
    if not is_possible or data[:_HEADER_BYTES] != _wav_header(n_bytes, sample_rate):
        return None
    stored = np.frombuffer(data, "<i2", offset=_HEADER_BYTES)
    waveform: Array = np.multiply(stored, np.float32(gain / _FULL_SCALE), dtype=np.float32)
    return waveform


def _check(n_samples: int, sample_rate: int, coding: str) -> None:
    if coding == "wav" and 2 * n_samples >= _MAX_WAV_BYTES:
        raise AudioDecodeError(f"{n_samples / sample_rate:,.0f} s are more than a WAV holds; use FLAC, or cut it")
    if coding == "flac" and sample_rate > MAX_FLAC_RATE:
        raise AudioDecodeError(f"{sample_rate} Hz is more than the {MAX_FLAC_RATE} Hz that FLAC knows; use WAV")


def _wav(stored: npt.NDArray[Any], sample_rate: int) -> bytes:
    return _wav_header(stored.nbytes, sample_rate) + stored.tobytes()


def _wav_header(n_bytes: int, sample_rate: int) -> bytes:
    layout = struct.pack("<IHHIIHH", 16, 1, 1, sample_rate, 2 * sample_rate, 2, 16)
    return b"RIFF" + struct.pack("<I", 36 + n_bytes) + b"WAVEfmt " + layout + b"data" + struct.pack("<I", n_bytes)


def _flac(stored: npt.NDArray[Any], sample_rate: int) -> bytes:
    import soundfile

    file = io.BytesIO()
    soundfile.write(file, stored, sample_rate, format="FLAC", subtype="PCM_16")
    return file.getvalue()
