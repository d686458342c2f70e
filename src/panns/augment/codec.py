"""Lossy codecs: encode and decode a waveform, which keeps its length and timing.

This makes a model robust to compressed recordings, from MP3 files to telephone lines. It costs more time than the other
augmentations.

libsndfile provides MP3, Vorbis and the two telephone codecs: it is always installed, does not block other threads, and
keeps the timing. FFmpeg (the extra `media`) provides AAC, and Opus in a fifth of libsndfile's time at a lower effort.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, Literal, get_args

import numpy as np

from panns.audio.resampling.resample import resample
from panns.system.arrays import Array
from panns.system.extras import require

CodecName = Literal["mp3", "vorbis", "gsm", "mu_law", "opus", "aac"]
CODECS: tuple[CodecName, ...] = get_args(CodecName)

_MUSIC_RATES = (16_000, 22_050, 24_000, 32_000, 44_100, 48_000)
# Encoders with look-ahead return nothing for sounds shorter than a few packets.
_MIN_CODED_S = 0.2
_HIGHEST_PEAK = 0.5


@dataclass(frozen=True)
class _SoundFileCodec:
    """A codec of libsndfile.

    Attributes:
        container: libsndfile's name of the file format.
        coding: libsndfile's name of the codec.
        rates_hz: Sample rates to encode at.
        compression: Compression levels for the worst and the best quality; None for a codec with one quality.
    """

    container: str
    coding: str
    rates_hz: tuple[int, ...]
    compression: tuple[float, float] | None = None


@dataclass(frozen=True)
class _FfmpegCodec:
    """A codec of FFmpeg.

    Attributes:
        encoder: FFmpeg's name of the encoder and decoder.
        rates_hz: Sample rates to encode at.
        bit_rates: Bits per second for the worst and the best quality at the lowest sample rate, scaled in proportion.
        sample_format: FFmpeg's name of the encoder's sample format.
        options: Encoder options that favour speed.
    """

    encoder: str
    rates_hz: tuple[int, ...]
    bit_rates: tuple[int, int]
    sample_format: str
    options: tuple[tuple[str, str], ...]


_CODECS: dict[CodecName, _SoundFileCodec | _FfmpegCodec] = {
    # The MP3 encoder refuses levels above 0.95. Constant bit rates would lose the record of the encoder's delay.
    "mp3": _SoundFileCodec("MP3", "MPEG_LAYER_III", _MUSIC_RATES, (0.95, 0.3)),
    "vorbis": _SoundFileCodec("OGG", "VORBIS", _MUSIC_RATES, (1.0, 0.5)),
    "gsm": _SoundFileCodec("WAV", "GSM610", (8_000,)),
    "mu_law": _SoundFileCodec("WAV", "ULAW", (8_000,)),
    "opus": _FfmpegCodec("libopus", (48_000,), (12_000, 64_000), "flt", (("compression_level", "0"),)),
    "aac": _FfmpegCodec("aac", _MUSIC_RATES, (12_000, 32_000), "fltp", (("aac_coder", "fast"),)),
}


def check_codecs(codecs: Sequence[CodecName]) -> None:
    """Check that codecs are installed.

    Raises:
        MissingExtra: A codec needs the extra `media`.
        ValueError: The codec is unknown, or the installed FFmpeg cannot encode it.
    """
    for name in codecs:
        if name not in _CODECS:
            raise ValueError(f"unknown codec {name!r}; use some of {', '.join(CODECS)}")
        codec = _CODECS[name]
        if isinstance(codec, _FfmpegCodec):
            require("av", what=f"the codec {name!r}", extra="media")
            import av

            if codec.encoder not in av.codecs_available:
                raise ValueError(
                    f"the FFmpeg of PyAV has no encoder {codec.encoder!r}; leave {name!r} out of the codecs"
                )


def apply_random_codec(
    waveform: Array, sample_rate: int, rng: np.random.Generator, codecs: Sequence[CodecName]
) -> Array:
    """Encode and decode a waveform with a random codec, sample rate and quality."""
    name = codecs[int(rng.integers(len(codecs)))]
    rates_hz = coding_rates_hz(name, sample_rate)
    coding_rate = rates_hz[int(rng.integers(len(rates_hz)))]
    return apply_codec(waveform, sample_rate, name, coding_rate=coding_rate, quality=float(rng.random()))


def coding_rates_hz(name: CodecName, sample_rate: int) -> tuple[int, ...]:
    """Sample rates for encoding sound at `sample_rate`: those not above it, or else the lowest.

    Examples:
        >>> coding_rates_hz("mp3", 32_000), coding_rates_hz("opus", 32_000)
        ((16000, 22050, 24000, 32000), (48000,))
    """
    rates_hz = _CODECS[name].rates_hz
    return tuple(rate for rate in rates_hz if rate <= sample_rate) or rates_hz[:1]


def apply_codec(waveform: Array, sample_rate: int, name: CodecName, *, coding_rate: int, quality: float) -> Array:
    """Encode and decode a waveform.

    Args:
        waveform: `(samples,)`; a high peak is scaled down before the codec and up again after it.
        sample_rate: Sample rate of the waveform, in Hz.
        name: Name of the codec.
        coding_rate: Sample rate of the encoder, one of `coding_rates_hz`.
        quality: Compression quality, from 0 (strongest compression) to 1. The telephone codecs have only one quality.

    Returns:
        `(samples,)`, aligned in time with the input.
    """
    codec = _CODECS[name]
    # Pads short input, because encoders need some sound to start; the padding is cut off again.
    padded = np.pad(waveform, (0, max(0, round(_MIN_CODED_S * sample_rate) - len(waveform))))
    reduced = resample(padded, sample_rate, coding_rate)
    # Values beyond full scale would index outside the tables of the telephone codecs, and 16-bit decoders clip
    # overshoots.
    scale = np.float32(max(1.0, float(np.abs(reduced).max()) / _HIGHEST_PEAK))
    reduced /= scale
    if isinstance(codec, _SoundFileCodec):
        decoded = _apply_soundfile(reduced, codec, coding_rate, quality)
    else:
        require("av", what=f"the codec {name!r}", extra="media")
        decoded = _apply_ffmpeg(reduced, codec, coding_rate, quality)
    restored = resample(decoded, coding_rate, sample_rate)[: len(waveform)] * scale
    return np.pad(restored, (0, len(waveform) - len(restored)))


def _apply_soundfile(waveform: Array, codec: _SoundFileCodec, sample_rate: int, quality: float) -> Array:
    import soundfile

    settings: dict[str, Any] = {}
    if codec.compression is not None:
        worst, best = codec.compression
        settings = {"compression_level": worst + quality * (best - worst)}
    file = io.BytesIO()
    soundfile.write(file, waveform, sample_rate, format=codec.container, subtype=codec.coding, **settings)
    file.seek(0)
    decoded: Array = soundfile.read(file, dtype="float32")[0]
    return decoded


def _apply_ffmpeg(waveform: Array, codec: _FfmpegCodec, sample_rate: int, quality: float) -> Array:
    import av

    worst, best = codec.bit_rates
    encoder: Any = av.CodecContext.create(codec.encoder, "w")
    encoder.sample_rate, encoder.layout, encoder.format = sample_rate, "mono", codec.sample_format
    encoder.time_base = Fraction(1, sample_rate)
    encoder.bit_rate = round(worst * (best / worst) ** quality * sample_rate / codec.rates_hz[0])
    encoder.options = dict(codec.options)
    frame = av.AudioFrame.from_ndarray(waveform[None], format=codec.sample_format, layout="mono")
    frame.sample_rate, frame.time_base, frame.pts = sample_rate, encoder.time_base, 0
    packets = [*encoder.encode(frame), *encoder.encode(None)]

    decoder: Any = av.CodecContext.create(codec.encoder, "r")
    decoder.sample_rate, decoder.layout, decoder.extradata = sample_rate, "mono", encoder.extradata
    frames = [frame for packet in packets for frame in decoder.decode(packet)] + decoder.decode(None)
    pieces = [frame.to_ndarray().reshape(-1) for frame in frames]
    decoded = np.concatenate(pieces)
    # Encoders begin before time 0, by their delay. Some decoders skip it and some do not, without a change to the time
    # of the first frame, so the time of the last frame gives the delay.
    n_early = len(decoded) - len(pieces[-1]) - frames[-1].pts
    decoded = decoded[n_early:]
    return decoded.astype(np.float32) / np.float32(2**15) if decoded.dtype == np.int16 else decoded
