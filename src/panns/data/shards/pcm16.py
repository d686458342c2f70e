"""16-bit sound files in memory: WAV, which decodes by a single copy, or FLAC, which takes about half the space."""

from __future__ import annotations

import io
import math
import struct
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from panns.errors import AudioDecodeError
from panns.system.arrays import Array

_FULL_SCALE = 32_768
# A sound that peaks below this, -36 dB, would use fewer than 10 of the 16 bits.
_QUIET_PEAK = 2.0**-6
# The resolution of 24-bit recorders; quieter samples count as silence.
_MIN_GAIN = 2.0**-24
_HEADER_BYTES = 44
_MAX_WAV_BYTES = 2**32 - _HEADER_BYTES
MAX_FLAC_RATE = 655_350


def encode(waveform: Array, sample_rate: int, coding: Literal["wav", "flac"]) -> tuple[bytes, float]:
    """Encode a mono waveform as a 16-bit file.

    Two kinds of sounds are stored at another level: loud recordings that exceed full scale after resampling, because
    clipping would add overtones, and very quiet ones, such as those of float recorders, because few of the 16 bits
    would remain. The gain that restores the level is a power of two, which multiplies without rounding, so a 16-bit
    original comes back bit for bit.

    Args:
        waveform: `(samples,)`, finite.
        sample_rate: Sample rate in Hz; at most 655,350 for FLAC.
        coding: Format of the file.

    Returns:
        Bytes of the file, and the factor that restores the level of the decoded samples (1 for most sounds).

    Raises:
        AudioDecodeError: The sound is too long for a WAV file, or its rate too high for FLAC.
    """
    _check(len(waveform), sample_rate, coding)
    peak = float(np.abs(waveform).max(initial=0.0))
    gain = 1.0
    if peak > 1 or 0 < peak < _QUIET_PEAK:
        gain = max(2.0 ** math.frexp(peak)[1], _MIN_GAIN)
    # A sample at +1.0 is one step above the largest integer.
    stored = np.minimum(np.rint(waveform * np.float32(_FULL_SCALE / gain)), _FULL_SCALE - 1).astype("<i2")
    return (_wav if coding == "wav" else _flac)(stored, sample_rate), gain


def decode_wav(data: bytes | memoryview, sample_rate: int, gain: float) -> Array | None:
    """Decode a 16-bit mono WAV of this sample rate in the layout that `encode` writes; None for any other file.

    Takes a hundredth of the time of a decoder and a resampler.
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
        raise AudioDecodeError(f"{n_samples / sample_rate:,.0f} s exceed the size of a WAV file; use FLAC, or cut it")
    if coding == "flac" and sample_rate > MAX_FLAC_RATE:
        raise AudioDecodeError(f"{sample_rate} Hz exceed the {MAX_FLAC_RATE} Hz that FLAC allows; use WAV")


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
