"""Equalisation and bandwidth of mel power, as gains of mel bands.

The counterpart of `filtering.py` for training on precomputed mel power: cheap, but as coarse as the bands.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from panns.frontend import LogMelConfig, mel_filters
from panns.system.arrays import Array

_KNOTS_HZ = np.array([60.0, 250.0, 1_000.0, 4_000.0, 14_000.0])
_STOPPED = 1e-9  # power gain above the bandwidth of a recording


def band_centres_hz(config: LogMelConfig) -> npt.NDArray[np.float64]:
    """Centre frequency of every mel band, in Hz: `(mels,)`."""
    filters = mel_filters(config).astype(np.float64)
    bins_hz = np.arange(len(filters)) * config.sample_rate / config.n_fft
    # A narrow band at low frequencies may lie between two bins and contain neither.
    weights = filters.sum(axis=0)
    centres = (bins_hz @ filters) / np.where(weights > 0, weights, 1.0)
    return np.maximum.accumulate(np.maximum(centres, config.f_min_hz))


def draw_colour(depth_db: float, rng: np.random.Generator) -> npt.NDArray[np.float64]:
    """Draw gains at five frequencies, in dB, uniform from `-depth_db` to `depth_db`."""
    return rng.uniform(-depth_db, depth_db, len(_KNOTS_HZ))


def colour_db(knots_db: npt.NDArray[np.float64], frequencies_hz: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Interpolate gains in dB, linear in log frequency between the five frequencies and constant outside."""
    return np.interp(np.log(np.maximum(frequencies_hz, 1.0)), np.log(_KNOTS_HZ), knots_db)


def colour_gains(knots_db: npt.NDArray[np.float64], centres_hz: npt.NDArray[np.float64]) -> Array:
    """Power gains of mel bands `(mels,)`, from gains in dB at five frequencies."""
    gains: Array = (10.0 ** (colour_db(knots_db, centres_hz) / 10.0)).astype(np.float32)
    return gains


def low_pass_gains(cutoff_hz: float, centres_hz: npt.NDArray[np.float64]) -> Array:
    """Power gains `(mels,)` that remove all bands above a cutoff, as a lower sample rate does.

    Examples:
        >>> low_pass_gains(4_000.0, np.array([1_000.0, 8_000.0])).tolist()[0]
        1.0
    """
    gains: Array = np.where(centres_hz > cutoff_hz, _STOPPED, 1.0).astype(np.float32)
    return gains
