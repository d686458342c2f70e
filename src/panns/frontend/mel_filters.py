"""Mel filter banks on the scales of Slaney, HTK and Kaldi, and their product with a power spectrum."""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from panns.frontend.config import LogMelConfig
from panns.system.arrays import Array

# A matrix product of more multiply-adds is divided among threads by OpenBLAS (4 x SMP_THRESHOLD_MIN). Threads that wait
# for each other spin: a product of 4 M took 33 CPU-us with one thread and 8 CPU-ms with two on a busy machine.
_MAX_PRODUCT = 1 << 18
# Bands of a product; neighbouring bands cover few of the bins, and 16 columns are as fast as BLAS gets.
_BANDS_PER_GROUP = 16
# Frames of a product for a stream. The order of the sums in a product depends on its shape. With four rows in every
# product, a block of a stream (four frames, or a multiple) has the same bits in a small and in a large call.
_STREAM_ROWS = 4


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


class MelGroup(NamedTuple):
    """Neighbouring mel bands, and the bins that they cover.

    Attributes:
        bands: The bands.
        bins: The bins, counted from the first one of `mel_bin_range`.
        weights: Weight of each bin in each band, `(bins, bands)`.
    """

    bands: slice
    bins: slice
    weights: Array


@lru_cache(maxsize=32)
def mel_groups(config: LogMelConfig) -> tuple[MelGroup, ...]:
    """The mel filter bank in groups of bands, which leave out most of its zeros."""
    filters, (low, _) = mel_filters(config), mel_bin_range(config)
    groups = []
    for first in range(0, config.n_mels, _BANDS_PER_GROUP):
        bands = slice(first, min(first + _BANDS_PER_GROUP, config.n_mels))
        used = np.flatnonzero(filters[:, bands].any(axis=1))
        start, stop = (int(used[0]), int(used[-1]) + 1) if used.size else (low, low)
        weights = read_only(filters[start:stop, bands])
        groups.append(MelGroup(bands, slice(start - low, stop - low), weights))
    return tuple(groups)


@lru_cache(maxsize=32)
def frames_per_product(config: LogMelConfig, most: int) -> int:
    """Number of frames, at most `most`, whose products with every group of bands take one thread of any BLAS."""
    largest = max(1, *(group.weights.size for group in mel_groups(config)))
    return max(_STREAM_ROWS, min(most, _MAX_PRODUCT // largest) // _STREAM_ROWS * _STREAM_ROWS)


def apply_mel_filters(power: Array, config: LogMelConfig, out: Array) -> None:
    """Compute the mel power of some frames, at most `frames_per_product`.

    Args:
        power: `(frames, bins)`, power of the bins in `mel_bin_range`.
        config: Settings of the log-mel.
        out: `(frames, mels)`, for the result.
    """
    if config.alignment == "causal" and len(power) % _STREAM_ROWS == 0:
        power = power.reshape(-1, _STREAM_ROWS, power.shape[1])
        out = out.reshape(-1, _STREAM_ROWS, out.shape[1])
    for bands, bins, weights in mel_groups(config):
        np.matmul(power[..., bins], weights, out=out[..., bands])


def read_only(values: npt.NDArray[np.floating]) -> Array:
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
