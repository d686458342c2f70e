"""The path from a source to the microphone: colour and bandwidth, as gains of mel bands."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from panns.frontend import LogMelConfig, mel_filters

Array = npt.NDArray[np.float32]

_KNOTS_HZ = np.array([60.0, 250.0, 1_000.0, 4_000.0, 14_000.0])
_STOPPED = 1e-9  # what is left above the edge of a band-limited recording


def band_centres_hz(config: LogMelConfig) -> npt.NDArray[np.float64]:
    """Frequency in the middle of every mel band: `(mels,)`."""
    filters = mel_filters(config).astype(np.float64)
    bins_hz = np.arange(len(filters)) * config.sample_rate / config.n_fft
    # A narrow band at low frequencies may lie between two bins and hold none.
    weights = filters.sum(axis=0)
    centres = (bins_hz @ filters) / np.where(weights > 0, weights, 1.0)
    return np.maximum.accumulate(np.maximum(centres, config.f_min_hz))


def draw_colour(depth_db: float, rng: np.random.Generator) -> npt.NDArray[np.float64]:
    """Gains in decibels, uniform within `depth_db` up or down, at five frequencies."""
    return rng.uniform(-depth_db, depth_db, len(_KNOTS_HZ))


def colour_db(knots_db: npt.NDArray[np.float64], frequencies_hz: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Gains in decibels at frequencies, linear in log frequency between the knots and flat outside them."""
    return np.interp(np.log(np.maximum(frequencies_hz, 1.0)), np.log(_KNOTS_HZ), knots_db)


def colour_gains(knots_db: npt.NDArray[np.float64], centres_hz: npt.NDArray[np.float64]) -> Array:
    """Power gains of bands, decibels being linear in log frequency between the knots: `(mels,)`."""
    gains: Array = (10.0 ** (colour_db(knots_db, centres_hz) / 10.0)).astype(np.float32)
    return gains


def low_pass_gains(cutoff_hz: float, centres_hz: npt.NDArray[np.float64]) -> Array:
    """Power gains that leave nothing above a frequency, as of a recording at a lower sample rate: `(mels,)`.

    Example:
        >>> low_pass_gains(4_000.0, np.array([1_000.0, 8_000.0])).tolist()[0]
        1.0
    """
    gains: Array = np.where(centres_hz > cutoff_hz, _STOPPED, 1.0).astype(np.float32)
    return gains
