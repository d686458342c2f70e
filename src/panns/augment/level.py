"""Level of the active parts of a clip, as power or as A-weighted loudness.

Clips are often padded with silence or hold one short event, so the mean over a whole clip says little about its sound.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from panns.system.arrays import Array

# 10 dB below the last bit of 16-bit audio; also the floor of log-mels.
SILENT_POWER = 1e-10
# Blocks this far below the loudest are pauses or padding, and do not count.
PAUSE_DB = 30.0
_BLOCK_SAMPLES = 512
# Long enough for the lowest tones that A-weighting passes; the value of the between-class paper.
_WINDOW_S = 0.1


def active_power(waveform: Array) -> float:
    """Mean power of the active blocks: those of 512 samples within 30 dB of the loudest; 0 for silence.

    Args:
        waveform: `(samples,)`, at least one.

    Examples:
        >>> padded = np.zeros(4_096, np.float32)
        >>> padded[:1_024] = 0.5
        >>> active_power(padded), active_power(padded * 0)
        (0.25, 0.0)
    """
    starts = np.arange(0, len(waveform), _BLOCK_SAMPLES)
    powers = np.add.reduceat(np.square(waveform), starts) / np.diff(starts, append=len(waveform))
    loudest = powers.max()
    if loudest < SILENT_POWER:
        return 0.0
    return float(powers[powers >= loudest * 10 ** (-PAUSE_DB / 10)].mean())


def a_weighted_level_db(waveform: Array, sample_rate: int) -> float:
    """A-weighted level of the loudest tenth of a second, in dB relative to full scale; -inf for silence.

    A-weighting (IEC 61672-1, annex E) is the sensitivity of human hearing at each frequency: a hum at 50 Hz is 30 dB
    quieter than a tone of equal power at 1 kHz.

    Args:
        waveform: `(samples,)`, at least one.
        sample_rate: Sample rate of the waveform, in Hz.
    """
    n_fft, window, weights = _weighting(sample_rate)
    hop = n_fft // 2
    n_windows = 1 + max(0, -(-(len(waveform) - n_fft) // hop))
    padded = np.zeros(n_fft + (n_windows - 1) * hop, np.float32)
    onset = max(0, (n_fft - len(waveform)) // 2)  # centred, because the window is zero at its edges
    padded[onset : onset + len(waveform)] = waveform
    frames = np.lib.stride_tricks.sliding_window_view(padded, n_fft)[::hop]
    # numpy computes a forward transform of float32 in float64, five times slower, unless it is scaled.
    spectrum = np.fft.rfft(frames * window, norm="ortho")
    loudest = float(((np.square(spectrum.real) + np.square(spectrum.imag)) @ weights).max())
    return 10 * float(np.log10(loudest)) if loudest >= SILENT_POWER else -np.inf


@lru_cache(maxsize=8)
def _weighting(sample_rate: int) -> tuple[int, Array, Array]:
    """Window length, Hann window, and the weight of each bin of its spectrum in the mean square."""
    n_fft = 2 ** max(1, round(np.log2(_WINDOW_S * sample_rate)))
    window = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(n_fft) / n_fft)
    squared_hz = np.square(np.fft.rfftfreq(n_fft, 1 / sample_rate))
    gain = (12_194.0**2 * squared_hz**2) / (
        (squared_hz + 20.6**2) * np.sqrt((squared_hz + 107.7**2) * (squared_hz + 737.9**2)) * (squared_hz + 12_194.0**2)
    )
    # 2 dB normalise the curve to 0 dB at 1 kHz. The factor 2 counts the negative frequencies.
    weights = np.square(gain * 10 ** (2.0 / 20)) * 2 / np.square(window).sum()
    for array in (window, weights):
        array.flags.writeable = False
    return n_fft, window.astype(np.float32), weights.astype(np.float32)
