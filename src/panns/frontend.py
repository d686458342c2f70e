"""What networks read of a waveform: log-mel spectrograms in numpy.

The torch twin, `networks/frontend.py`, shares the settings and the filters.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Literal, TypeAlias

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float32]
InputName = Literal["waveform", "features"]

# 64 frames of 1,024 samples fit the second-level cache; one FFT call over a whole 10 s clip takes twice as long.
BLOCK_FRAMES = 64


@dataclass(frozen=True)
class LogMelConfig:
    """How a waveform becomes a log-mel. The defaults are those of the PANNs (Kong et al. 2020, arXiv:1912.10211).

    The spectrum is the power spectrum.

    Attributes:
        sample_rate: Rate of the waveform, in Hz.
        n_fft: Length of the Fourier transform, in samples, even.
        window_samples: Length of the Hann window, centred in the transform, at most `n_fft`.
        window: "periodic" (divides by the length) or "symmetric" (by the length - 1) Hann window.
        hop_samples: Distance of neighbouring frames.
        alignment: "centred" on every multiple of the hop, with reflection at both ends; or "causal", where frame k ends
            with its last sample, (k + 1) hops from the start, and there are zeros before the first sample.
        n_mels: Number of mel bands.
        f_min_hz: Lower edge of the lowest band.
        f_max_hz: Upper edge of the highest band, at most half the sample rate.
        mel_scale: "slaney" (librosa's default: linear below 1 kHz, bands normalised to unit area), "htk"
            (2595 log10(1 + f/700), triangles of height 1 in Hz) or "kaldi" (1127 ln(1 + f/700), triangles of height 1
            in mel, the Nyquist bin left out).
        pre_emphasis: p of x[n] - p x[n-1], which shortens the waveform by one sample; None for none.
        log: "db" is 10 log10(max(m, `log_floor`)); "ln" is ln(m + `log_floor`).
        log_floor: What keeps the logarithm finite.
        range_db: With "db", what lies further below the loudest value of the clip is raised to this distance; None
            for no limit.
        shift: Added after the logarithm.
        scale: Multiplied after `shift`.
    """

    sample_rate: int = 32_000
    n_fft: int = 1024
    window_samples: int = 1024
    window: Literal["periodic", "symmetric"] = "periodic"
    hop_samples: int = 320
    alignment: Literal["centred", "causal"] = "centred"
    n_mels: int = 64
    f_min_hz: float = 50.0
    f_max_hz: float = 14_000.0
    mel_scale: Literal["slaney", "htk", "kaldi"] = "slaney"
    pre_emphasis: float | None = None
    log: Literal["db", "ln"] = "db"
    log_floor: float = 1e-10
    range_db: float | None = None
    shift: float = 0.0
    scale: float = 1.0

    def __post_init__(self) -> None:
        if self.n_fft < 2 or self.n_fft % 2:
            raise ValueError(f"n_fft={self.n_fft} must be an even number of samples")
        if not 1 <= self.window_samples <= self.n_fft:
            raise ValueError(f"window_samples={self.window_samples} must be 1 to n_fft={self.n_fft}")
        if self.window == "symmetric" and self.window_samples < 3:
            raise ValueError(f"window_samples={self.window_samples} is all zeros as a symmetric window; use at least 3")
        if self.hop_samples < 1 or self.n_mels < 1:
            raise ValueError(f"hop_samples={self.hop_samples} and n_mels={self.n_mels} must be at least 1")
        if self.alignment == "causal" and (self.hop_samples > self.n_fft or self.pre_emphasis is not None):
            raise ValueError(
                f"alignment='causal' needs hop_samples={self.hop_samples} of at most n_fft={self.n_fft}, and no "
                f"pre_emphasis, which is {self.pre_emphasis}"
            )
        if not 0 <= self.f_min_hz < self.f_max_hz <= self.sample_rate / 2:
            raise ValueError(
                f"f_min_hz={self.f_min_hz} and f_max_hz={self.f_max_hz} must satisfy "
                f"0 <= f_min_hz < f_max_hz <= {self.sample_rate / 2:g} Hz, half of sample_rate={self.sample_rate}"
            )
        if not self.log_floor > 0:
            raise ValueError(f"log_floor={self.log_floor} must be above 0, or silence has no logarithm")
        if self.range_db is not None and (self.log != "db" or not self.range_db > 0):
            raise ValueError(f"range_db={self.range_db} must be above 0 and goes with log='db', not {self.log!r}")

    @property
    def inputs(self) -> tuple[InputName, ...]:
        """The log-mel alone."""
        return ("features",)

    @property
    def log_mel(self) -> LogMelConfig:
        """These settings."""
        return self

    @property
    def hop_s(self) -> float:
        """Seconds between the starts of neighbouring frames."""
        return self.hop_samples / self.sample_rate

    @property
    def min_samples(self) -> int:
        """Shortest waveform that can be reflected at its ends; one sample where it need not be."""
        if self.alignment == "causal":
            return 1
        return self.n_fft // 2 + 1 + (self.pre_emphasis is not None)

    @property
    def n_overlap(self) -> int:
        """Samples before its own hop that a frame looks at, where it is causal."""
        return self.n_fft - self.hop_samples

    def n_frames(self, n_samples: int) -> int:
        """Number of frames of a waveform of `n_samples`."""
        if self.alignment == "causal":
            return -(-n_samples // self.hop_samples)
        return 1 + (n_samples - (self.pre_emphasis is not None)) // self.hop_samples

    def samples_for(self, n_frames: int) -> int:
        """Shortest waveform that has `n_frames` frames."""
        if self.alignment == "causal":
            return (n_frames - 1) * self.hop_samples + 1
        return max((n_frames - 1) * self.hop_samples + (self.pre_emphasis is not None), self.min_samples)


@dataclass(frozen=True)
class WaveformConfig:
    """No front end: the network reads the waveform itself.

    Attributes:
        sample_rate: Rate of the waveform, in Hz.
    """

    sample_rate: int = 32_000

    @property
    def inputs(self) -> tuple[InputName, ...]:
        """The waveform alone."""
        return ("waveform",)

    @property
    def log_mel(self) -> None:
        """There is none."""
        return None

    @property
    def min_samples(self) -> int:
        """One sample."""
        return 1


@dataclass(frozen=True)
class WaveformAndLogMelConfig:
    """Both: the network reads the waveform beside a log-mel of it.

    Attributes:
        log_mel: The log-mel.
    """

    log_mel: LogMelConfig = LogMelConfig()

    @property
    def inputs(self) -> tuple[InputName, ...]:
        """The waveform, then the log-mel."""
        return ("waveform", "features")

    @property
    def sample_rate(self) -> int:
        """Rate of the waveform, in Hz."""
        return self.log_mel.sample_rate

    @property
    def min_samples(self) -> int:
        """Shortest waveform that has a log-mel."""
        return self.log_mel.min_samples


Frontend: TypeAlias = LogMelConfig | WaveformConfig | WaveformAndLogMelConfig


def network_inputs(waveform: Array, frontend: Frontend) -> tuple[Array, ...]:
    """What a network reads of a waveform `(batch, samples)`: the arrays that `frontend.inputs` names, in that order.

    A "waveform" is `(batch, samples)`, "features" are `(batch, frames, mels)`; float32 both.
    """
    config = frontend.log_mel
    features = () if config is None else (log_mel(waveform, config),)
    return (waveform, *features) if "waveform" in frontend.inputs else features


def log_mel(waveform: Array, config: LogMelConfig) -> Array:
    """Log-mel spectrogram.

    Args:
        waveform: `(samples,)` or `(batch, samples)` at `config.sample_rate`, at least `config.min_samples` long.
        config: The settings.

    Returns:
        `(frames, mels)` or `(batch, frames, mels)` float32.

    Raises:
        ValueError: The waveform is too short to be reflected at its ends.
    """
    waveform = np.asarray(waveform, dtype=np.float32)
    if waveform.ndim == 2:
        return np.stack([log_mel(row, config) for row in waveform])
    if waveform.shape[0] < config.min_samples:
        raise ValueError(f"{waveform.shape[0]} samples given; n_fft={config.n_fft} needs at least {config.min_samples}")
    if config.pre_emphasis is not None:
        waveform = waveform[1:] - np.float32(config.pre_emphasis) * waveform[:-1]
    if config.alignment == "causal":
        padded = np.pad(waveform, (config.n_overlap, -len(waveform) % config.hop_samples))
    else:
        padded = np.pad(waveform, config.n_fft // 2, mode="reflect")
    return log_mel_block(padded, config)


def log_mel_block(padded: Array, config: LogMelConfig) -> Array:
    """The log-mel of samples that have what the first and the last frame look at on either side already.

    Args:
        padded: `(samples,)`. Of a stream, the next block behind the `config.n_overlap` samples before it, which are
            zeros at its start.
        config: The settings.

    Returns:
        `(frames, mels)` float32.
    """
    frames = np.lib.stride_tricks.sliding_window_view(padded, config.n_fft)[:: config.hop_samples]
    window, filters = fft_window(config), mel_filters(config)
    low, high = mel_bin_range(config)
    mel = np.empty((len(frames), config.n_mels), dtype=np.float32)
    for start in range(0, len(frames), BLOCK_FRAMES):
        spectrum = np.fft.rfft(frames[start : start + BLOCK_FRAMES] * window)[:, low:high]
        power = np.square(spectrum.real) + np.square(spectrum.imag)
        np.matmul(power, filters[low:high], out=mel[start : start + BLOCK_FRAMES])
    return compress(mel, config)


def compress(mel: Array, config: LogMelConfig) -> Array:
    """The log-mel of the mel power spectrogram of one clip, `(frames, mels)`; computed in its place."""
    floor = np.float32(config.log_floor)
    if config.log == "db":
        # Of the ratio to the floor, so that silence is exactly -100 dB: log10 of float32 is one unit off at 1e-10.
        np.divide(np.maximum(mel, floor, out=mel), floor, out=mel)
        np.log10(mel, out=mel)
        mel *= np.float32(10.0)
        mel += np.float32(10.0 * np.log10(config.log_floor))
        if config.range_db is not None:
            np.maximum(mel, mel.max() - np.float32(config.range_db), out=mel)
    else:
        np.log(np.add(mel, floor, out=mel), out=mel)
    if config.shift:
        mel += np.float32(config.shift)
    if config.scale != 1.0:
        mel *= np.float32(config.scale)
    return mel


def silence(config: LogMelConfig) -> float:
    """The log-mel of silence, the same in every band.

    Example:
        >>> silence(LogMelConfig())
        -100.0
    """
    return float(compress(np.zeros((1, 1), np.float32), config)[0, 0])


@lru_cache(maxsize=32)
def fft_window(config: LogMelConfig) -> Array:
    """Hann window of `window_samples`, centred in zeros: `(n_fft,)`."""
    length = config.window_samples
    divisor = length if config.window == "periodic" else length - 1
    window = np.zeros(config.n_fft)
    start = (config.n_fft - length) // 2
    window[start : start + length] = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(length) / divisor)
    return _frozen(window)


@lru_cache(maxsize=32)
def mel_filters(config: LogMelConfig) -> Array:
    """Mel filter bank: `(n_fft // 2 + 1, mels)`."""
    build = {"slaney": _slaney_filters, "htk": _htk_filters, "kaldi": _kaldi_filters}[config.mel_scale]
    return _frozen(build(config))


@lru_cache(maxsize=32)
def mel_bin_range(config: LogMelConfig) -> tuple[int, int]:
    """First bin, and the one after the last, that any mel band looks at; the others need not be computed."""
    used = np.flatnonzero(mel_filters(config).any(axis=1))
    if not used.size:
        raise ValueError(
            f"no bin of n_fft={config.n_fft} lies within {config.f_min_hz:g} to {config.f_max_hz:g} Hz; widen the band"
        )
    return int(used[0]), int(used[-1]) + 1


def _frozen(values: npt.NDArray[np.float64]) -> Array:
    array = np.ascontiguousarray(values, dtype=np.float32)
    array.flags.writeable = False  # shared by every caller through the cache
    return array


def _slaney_filters(config: LogMelConfig) -> npt.NDArray[np.float64]:
    """Triangles in Hz between points equally spaced on Slaney's mel scale, each of unit area.

    M. Slaney, Auditory Toolbox, Interval Research Technical Report 1998-010.
    """
    edges_mel = np.linspace(_hz_to_slaney(config.f_min_hz), _hz_to_slaney(config.f_max_hz), config.n_mels + 2)
    edges_hz = np.array([_slaney_to_hz(mel) for mel in edges_mel])
    triangles = _triangles(_bins_hz(config), edges_hz)
    triangles *= 2.0 / (edges_hz[2:] - edges_hz[:-2])
    return triangles


def _htk_filters(config: LogMelConfig) -> npt.NDArray[np.float64]:
    """Triangles in Hz, height 1, between points equally spaced on the mel scale of HTK.

    S. Young et al., The HTK Book, section 5.4.
    """
    low_mel, high_mel = 2595.0 * np.log10(1.0 + np.array([config.f_min_hz, config.f_max_hz]) / 700.0)
    edges_hz = 700.0 * (10.0 ** (np.linspace(low_mel, high_mel, config.n_mels + 2) / 2595.0) - 1.0)
    return _triangles(_bins_hz(config), edges_hz)


def _kaldi_filters(config: LogMelConfig) -> npt.NDArray[np.float64]:
    """Triangles in mel, height 1, over every bin but the Nyquist bin.

    Kaldi's feature extraction (D. Povey et al., "The Kaldi Speech Recognition Toolkit", ASRU 2011).
    """
    edges_mel = np.linspace(_hz_to_kaldi(config.f_min_hz), _hz_to_kaldi(config.f_max_hz), config.n_mels + 2)
    return _triangles(_hz_to_kaldi(_bins_hz(config)), edges_mel)


def _bins_hz(config: LogMelConfig) -> npt.NDArray[np.float64]:
    return np.arange(config.n_fft // 2 + 1) * config.sample_rate / config.n_fft


def _triangles(positions: npt.NDArray[np.float64], edges: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Height at each position of the triangles over edges `i`, `i + 1`, `i + 2`: `(positions, len(edges) - 2)`."""
    left, centre, right = edges[:-2], edges[1:-1], edges[2:]
    rising = (positions[:, None] - left) / (centre - left)
    falling = (right - positions[:, None]) / (right - centre)
    heights: npt.NDArray[np.float64] = np.maximum(0.0, np.minimum(rising, falling))
    return heights


def _hz_to_kaldi(hz: npt.ArrayLike) -> npt.NDArray[np.float64]:
    return 1127.0 * np.log1p(np.asarray(hz, dtype=np.float64) / 700.0)


# Slaney's scale: 3 mel for 200 Hz up to 1 kHz, then 27 logarithmic steps for a factor of 6.4.
_SLANEY_HZ_PER_MEL = 200.0 / 3.0
_SLANEY_BREAK_HZ = 1000.0
_SLANEY_BREAK_MEL = _SLANEY_BREAK_HZ / _SLANEY_HZ_PER_MEL
_SLANEY_LOG_STEP = np.log(6.4) / 27.0


def _hz_to_slaney(hz: float) -> float:
    if hz < _SLANEY_BREAK_HZ:
        return hz / _SLANEY_HZ_PER_MEL
    return float(_SLANEY_BREAK_MEL + np.log(hz / _SLANEY_BREAK_HZ) / _SLANEY_LOG_STEP)


def _slaney_to_hz(mel: float) -> float:
    if mel < _SLANEY_BREAK_MEL:
        return mel * _SLANEY_HZ_PER_MEL
    return float(_SLANEY_BREAK_HZ * np.exp(_SLANEY_LOG_STEP * (mel - _SLANEY_BREAK_MEL)))
