"""Equalisation, low-pass and high-pass filters on waveforms, as rooms, distance and microphones filter sound.

This makes a model less dependent on the frequency response of a recording device.

The filters have minimum phase, as natural ones nearly have, so they add no pre-echo. `spectrum.py` filters mel power.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import numpy.typing as npt

from panns.augment.convolution import convolve
from panns.system.arrays import Array

Decibels = npt.NDArray[np.float64]

# Long enough for a steep high-pass at 40 Hz to ring out.
_KERNEL_S = 0.2
# Deeper stop bands are inaudible, and their logarithm would alias into the pass band.
_FLOOR_DB = -80.0
_DB_AN_ORDER = 20 * float(np.log10(2))  # slope of one Butterworth order, in dB per octave


@lru_cache(maxsize=8)
def filter_frequencies_hz(sample_rate: int) -> npt.NDArray[np.float64]:
    """Frequencies of the gains of a filter, from 0 to half the sample rate: `(bins,)`."""
    n_fft = 2 ** max(4, int(np.ceil(np.log2(_KERNEL_S * sample_rate))))
    frequencies: npt.NDArray[np.float64] = np.arange(n_fft // 2 + 1) * (sample_rate / n_fft)
    frequencies.flags.writeable = False  # shared by every caller through the cache
    return frequencies


def low_pass_db(cutoff_hz: float, slope_db: float, frequencies_hz: npt.NDArray[np.float64]) -> Decibels:
    """Gains of a Butterworth low-pass: -3 dB at the cutoff, then falling by `slope_db` an octave.

    Examples:
        >>> low_pass_db(1_000.0, 12.0, np.array([10.0, 1_000.0, 8_000.0])).round(1).tolist()
        [-0.0, -3.0, -36.0]
    """
    return _butterworth_db(frequencies_hz / cutoff_hz, slope_db)


def high_pass_db(cutoff_hz: float, slope_db: float, frequencies_hz: npt.NDArray[np.float64]) -> Decibels:
    """Gains of a Butterworth high-pass: -3 dB at the cutoff, below it falling by `slope_db` an octave."""
    return _butterworth_db(cutoff_hz / np.maximum(frequencies_hz, 1e-3), slope_db)


def apply_filter(waveform: Array, gains_db: Decibels) -> Array:
    """Filter a waveform with minimum phase.

    Args:
        waveform: `(samples,)`.
        gains_db: `(bins,)`, gains at `filter_frequencies_hz`, at least -80 dB. Add the gains of filters in series.

    Returns:
        `(samples,)`; the tail after the end is cut off.
    """
    return convolve(waveform, _minimum_phase_kernel(gains_db))


def _butterworth_db(ratio: npt.NDArray[np.float64], slope_db: float) -> Decibels:
    # log1p of the exponential, but safe where a steep slope would overflow.
    gains: Decibels = -10 / np.log(10) * np.logaddexp(0, 2 * slope_db / _DB_AN_ORDER * np.log(np.maximum(ratio, 1e-9)))
    return gains


def _minimum_phase_kernel(gains_db: Decibels) -> Array:
    """Minimum-phase kernel `(taps,)`, by folding the cepstrum.

    Oppenheim and Schafer, Discrete-Time Signal Processing, chapter 13.
    """
    n_fft = 2 * (len(gains_db) - 1)
    cepstrum = np.fft.irfft(np.maximum(gains_db, _FLOOR_DB) * (np.log(10) / 20), n_fft)
    cepstrum[1 : n_fft // 2] *= 2
    cepstrum[n_fft // 2 + 1 :] = 0
    kernel = np.fft.irfft(np.exp(np.fft.rfft(cepstrum)), n_fft)
    return kernel.astype(np.float32)
