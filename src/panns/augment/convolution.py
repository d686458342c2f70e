"""Convolution of a waveform with a filter kernel, fast for kernels of any length."""

from __future__ import annotations

import numpy as np

from panns.system.arrays import Array

# Shorter transforms spend more time on the overlap than on the waveform, longer ones leave the cache.
_MIN_FFT = 4096


def convolve(waveform: Array, kernel: Array) -> Array:
    """Filter a waveform with a causal kernel, and cut the result at the end of the waveform.

    Uses overlap-add, so that nothing wraps around from the end to the start.

    Args:
        waveform: `(samples,)`, at least one.
        kernel: `(taps,)`, at least one: the impulse response.

    Returns:
        `(samples,)`.

    Examples:
        >>> convolve(np.array([1, 0, 2], np.float32), np.array([1, 0.5], np.float32)).round(3)
        array([1. , 0.5, 2. ], dtype=float32)
    """
    kernel = kernel[: len(waveform)]
    n_taps = len(kernel)
    n_fft = max(_MIN_FFT, 4 * _power_of_two(n_taps))
    n_fft = min(n_fft, _power_of_two(len(waveform) + n_taps - 1))
    step = n_fft - n_taps + 1
    n_blocks = -(-len(waveform) // step)
    blocks = np.zeros((n_blocks, n_fft), np.float32)
    n_full = len(waveform) // step
    blocks[:n_full, :step] = waveform[: n_full * step].reshape(n_full, step)
    if n_full < n_blocks:
        blocks[n_full, : len(waveform) - n_full * step] = waveform[n_full * step :]
    # numpy computes a forward transform of float32 in float64, several times slower, unless it is scaled.
    spectrum = np.fft.rfft(blocks, norm="ortho")
    spectrum *= np.fft.rfft(kernel * np.float32(np.sqrt(n_fft)), n_fft, norm="ortho")
    pieces = np.fft.irfft(spectrum, n_fft, norm="ortho")
    filtered = np.zeros((n_blocks - 1) * step + n_fft, np.float32)
    for i, piece in enumerate(pieces):
        filtered[i * step : i * step + n_fft] += piece
    return filtered[: len(waveform)]


def _power_of_two(n: int) -> int:
    """Smallest power of two that is at least `n`."""
    return 1 << (n - 1).bit_length()
