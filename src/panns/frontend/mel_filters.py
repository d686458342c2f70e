"""Mel filter banks on the scales of Slaney, HTK and Kaldi."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import numpy.typing as npt

from panns.frontend.config import LogMelConfig

Array = npt.NDArray[np.float32]


@lru_cache(maxsize=32)
def mel_filters(config: LogMelConfig) -> Array:
    """Mel filter bank: `(n_fft // 2 + 1, mels)`."""
    build = {"slaney": _slaney_filters, "htk": _htk_filters, "kaldi": _kaldi_filters}[config.mel_scale]
    return read_only(build(config))


@lru_cache(maxsize=32)
def mel_bin_range(config: LogMelConfig) -> tuple[int, int]:
    """First bin, and one past the last bin, with a weight in any mel band. The others need not be computed."""
    used = np.flatnonzero(mel_filters(config).any(axis=1))
    if not used.size:
        raise ValueError(
            f"n_fft={config.n_fft} has no bin within {config.f_min_hz:g} to {config.f_max_hz:g} Hz; widen the band"
        )
    return int(used[0]), int(used[-1]) + 1


def read_only(values: npt.NDArray[np.float64]) -> Array:
    """Convert to a read-only float32 array."""
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
    """Heights `(positions, len(edges) - 2)` of the triangles over edges `i`, `i + 1`, `i + 2`."""
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
