"""Codecs: a sound as it comes back from a real encoder, as long as before and not later.

libsndfile encodes what it can: it comes with the package, works without holding up other threads, and gives MP3, Vorbis
and the two telephone codecs back in time with the input. FFmpeg (the extra `media`) has the others: it alone has AAC,
and takes a fifth of the time that libsndfile takes for Opus, since it can be told to spend less effort.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, Literal, get_args

import numpy as np
import numpy.typing as npt

from panns.audio.resampling.resample import resample
from panns.system.extras import require

Array = npt.NDArray[np.float32]
CodecName = Literal["mp3", "vorbis", "gsm", "mu_law", "opus", "aac"]
CODECS: tuple[CodecName, ...] = get_args(CodecName)

_MUSIC_RATES = (16_000, 22_050, 24_000, 32_000, 44_100, 48_000)
# Shorter sounds than a few packets make encoders that need to look ahead return nothing.
_MIN_CODED_S = 0.2
_HIGHEST_PEAK = 0.5


@dataclass(frozen=True)
class _SoundFileCodec:
    """A coding of libsndfile.

    Attributes:
        container: Its name of the format of the file.
        coding: Its name of what is in it.
        rates_hz: Sample rates at which it is used.
        compression: Its compression levels for the worst and the best quality; None where there is only one.
    """

    container: str
    coding: str
    rates_hz: tuple[int, ...]
    compression: tuple[float, float] | None = None


@dataclass(frozen=True)
class _FfmpegCodec:
    """A coding of FFmpeg.

    Attributes:
        encoder: Its name, of which FFmpeg also knows the decoder.
        rates_hz: Sample rates at which it is used.
        bit_rates: Bits a second for the worst and the best quality, at the lowest of the rates; more in proportion.
        sample_format: FFmpeg's name of what the encoder takes.
        options: What makes it fast.
    """

    encoder: str
    rates_hz: tuple[int, ...]
    bit_rates: tuple[int, int]
    sample_format: str
    options: tuple[tuple[str, str], ...]


_CODECS: dict[CodecName, _SoundFileCodec | _FfmpegCodec] = {
    # At levels above 0.95 its MP3 encoder refuses. Constant bit rates would lose the note of the encoder's delay.
    "mp3": _SoundFileCodec("MP3", "MPEG_LAYER_III", _MUSIC_RATES, (0.95, 0.3)),
    "vorbis": _SoundFileCodec("OGG", "VORBIS", _MUSIC_RATES, (1.0, 0.5)),
    "gsm": _SoundFileCodec("WAV", "GSM610", (8_000,)),
    "mu_law": _SoundFileCodec("WAV", "ULAW", (8_000,)),
    "opus": _FfmpegCodec("libopus", (48_000,), (12_000, 64_000), "flt", (("compression_level", "0"),)),
    "aac": _FfmpegCodec("aac", _MUSIC_RATES, (12_000, 32_000), "fltp", (("aac_coder", "fast"),)),
}


def check_codecs(codecs: Sequence[CodecName]) -> None:
    """Make sure that codecs can be used here.

    Raises:
        MissingExtra: One of them needs the extra `media`.
        ValueError: There is no such codec, or the FFmpeg that is installed cannot encode it.
    """
    for name in codecs:
        if name not in _CODECS:
            raise ValueError(f"there is no codec {name!r}; use some of {', '.join(CODECS)}")
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
    """A waveform through one of the codecs, at a sample rate it is used at and a quality, all drawn evenly."""
    name = codecs[int(rng.integers(len(codecs)))]
    rates_hz = coding_rates_hz(name, sample_rate)
    coding_rate = rates_hz[int(rng.integers(len(rates_hz)))]
    return apply_codec(waveform, sample_rate, name, coding_rate=coding_rate, quality=float(rng.random()))


def coding_rates_hz(name: CodecName, sample_rate: int) -> tuple[int, ...]:
    """Sample rates at which a codec is used for sound at `sample_rate`: none above it, unless all are.

    Example:
        >>> coding_rates_hz("mp3", 32_000), coding_rates_hz("opus", 32_000)
        ((16000, 22050, 24000, 32000), (48000,))
    """
    rates_hz = _CODECS[name].rates_hz
    return tuple(rate for rate in rates_hz if rate <= sample_rate) or rates_hz[:1]


def apply_codec(waveform: Array, sample_rate: int, name: CodecName, *, coding_rate: int, quality: float) -> Array:
    """A waveform encoded and decoded.

    Args:
        waveform: `(samples,)`; a high peak is brought down for the codec, and up again behind it.
        sample_rate: Its rate.
        name: The codec.
        coding_rate: The rate at which it is encoded, one of `coding_rates_hz`.
        quality: From 0, the most that the codec is made to save, to 1. The telephone codecs have one quality alone.

    Returns:
        `(samples,)`, in time with the input.
    """
    codec = _CODECS[name]
    # Encoders need a little sound to begin at all; what is added is cut again.
    padded = np.pad(waveform, (0, max(0, round(_MIN_CODED_S * sample_rate) - len(waveform))))
    given = resample(padded, sample_rate, coding_rate)
    # What is beyond full scale would be read from behind the tables of the telephone codecs, and what a decoder of
    # 16-bit samples overshoots would be clipped.
    scale = np.float32(max(1.0, float(np.abs(given).max()) / _HIGHEST_PEAK))
    given /= scale
    if isinstance(codec, _SoundFileCodec):
        decoded = _pass_soundfile(given, codec, coding_rate, quality)
    else:
        require("av", what=f"the codec {name!r}", extra="media")
        decoded = _pass_ffmpeg(given, codec, coding_rate, quality)
    heard = resample(decoded, coding_rate, sample_rate)[: len(waveform)] * scale
    return np.pad(heard, (0, len(waveform) - len(heard)))


def _pass_soundfile(waveform: Array, codec: _SoundFileCodec, sample_rate: int, quality: float) -> Array:
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


def _pass_ffmpeg(waveform: Array, codec: _FfmpegCodec, sample_rate: int, quality: float) -> Array:
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
    # Encoders begin before time 0, by their delay. Some decoders leave that out and some do not, without changing the
    # time of the first frame, so the time of the last one tells.
    n_early = len(decoded) - len(pieces[-1]) - frames[-1].pts
    decoded = decoded[n_early:]
    return decoded.astype(np.float32) / np.float32(2**15) if decoded.dtype == np.int16 else decoded
