"""Background noise at a given signal-to-noise ratio: recorded, or generated with a power spectrum of 1/f^a.

This makes a model robust to noisy recordings. Choose the ratio with care: a sound far below the noise is inaudible, but
keeps its label.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import numpy as np

from panns.augment.level import active_power
from panns.system.arrays import Array

# Noise below this is inaudible, but most of the power of brown noise would be there.
_LOWEST_HZ = 20.0
_LAYER_DB = 6.0
# Transforms of other lengths than these times a power of two take up to three times as long.
_FAST_FACTORS = (8, 9, 10, 12, 15)


def add_noise(waveform: Array, noise: Array, snr_db: float) -> Array:
    """Add noise to a waveform at a signal-to-noise ratio.

    The ratio compares the mean powers of the active blocks of both, those of 512 samples within 30 dB of the loudest.
    So neither pauses in the sound nor silence in the noise recording make the noise louder.

    Args:
        waveform: `(samples,)`.
        noise: `(samples,)`, of any level; it is scaled.
        snr_db: Signal-to-noise ratio, in dB.

    Returns:
        `(samples,)`; a copy of the waveform if either is silent, because the ratio is then undefined.

    Raises:
        ValueError: The two differ in length.
    """
    if len(noise) != len(waveform):
        raise ValueError(f"noise of {len(noise)} samples for a waveform of {len(waveform)}; make both equally long")
    power, noise_power = active_power(waveform), active_power(noise)
    if not power or not noise_power:
        return waveform.copy()
    return waveform + noise * np.float32(np.sqrt(power / noise_power) * 10 ** (-snr_db / 20))


def layer_noise(recordings: Sequence[Array], rng: np.random.Generator) -> Array:
    """Mix several recordings, as in a street or a crowd, each up to 6 dB above or below equal power.

    Args:
        recordings: `(samples,)` each, at least one, of equal length and any level; a single one stays unchanged.
        rng: Random generator.

    Returns:
        `(samples,)`.
    """
    if len(recordings) == 1:
        return recordings[0]
    layered = np.zeros_like(recordings[0])
    for recording, level_db in zip(recordings, rng.uniform(-_LAYER_DB, _LAYER_DB, len(recordings)), strict=True):
        if power := active_power(recording):
            layered += recording * np.float32(10 ** (level_db / 20) / np.sqrt(power))
    return layered


def coloured_noise(n_samples: int, exponent: float, sample_rate: int, rng: np.random.Generator) -> Array:
    """Gaussian noise with a power spectrum of 1/f^`exponent`: 0 white, 1 pink, 2 brown, -1 blue.

    Args:
        n_samples: Length, at least 1.
        exponent: Exponent of the spectrum, of any sign.
        sample_rate: Sample rate, in Hz; there is no power below 20 Hz.
        rng: Random generator.

    Returns:
        `(n_samples,)` with a mean square of about 1.
    """
    n_fft = min(factor * 2 ** max(6, int(np.ceil(np.log2(n_samples / factor)))) for factor in _FAST_FACTORS)
    log_hz = _log_frequencies(n_fft, sample_rate)
    gains = np.exp(log_hz * np.float32(-exponent / 2))
    gains[log_hz < np.log(_LOWEST_HZ)] = 0
    # The spectrum of white noise is itself white noise, so no forward transform is needed.
    spectrum = rng.standard_normal(2 * len(gains), np.float32).view(np.complex64)
    spectrum *= gains / np.sqrt(2 * np.square(gains).mean())
    noise: Array = np.fft.irfft(spectrum, n_fft, norm="ortho").astype(np.float32, copy=False)
    return noise[:n_samples]


@lru_cache(maxsize=8)
def _log_frequencies(n_fft: int, sample_rate: int) -> Array:
    """Logarithm of the frequency of every bin `(bins,)`; the first bin has the value of the second."""
    frequencies = np.fft.rfftfreq(n_fft, 1 / sample_rate)
    logarithms: Array = np.log(np.maximum(frequencies, frequencies[1])).astype(np.float32)
    logarithms.flags.writeable = False  # shared by every caller through the cache
    return logarithms
