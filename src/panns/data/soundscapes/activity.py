"""Sound activity: find the stretches of a clip that are loud enough to be an event.

Clips of one class are often longer than their event, or contain it several times.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from panns.system.arrays import Array

FRAME_S = 0.01
_SILENT_DB = -75.0  # below the noise of a quiet recording
_SMOOTHING_FRAMES = 5


class Stretch(NamedTuple):
    """An active stretch of a clip.

    Attributes:
        onset_s: Start of the stretch, in seconds from the start of the clip.
        offset_s: End of the stretch, in seconds from the start of the clip.
        level_db: Mean power in decibels relative to full scale.
    """

    onset_s: float
    offset_s: float
    level_db: float


@dataclass(frozen=True)
class ActivityConfig:
    """Settings of activity detection; levels in decibels, times in seconds.

    Attributes:
        range_db: Largest distance of an active moment from the loudest moment of the clip.
        above_floor: Activity threshold, as a fraction of the distance from the quiet moments of a clip (its lowest
            tenth) up to its loudest moment, in decibels.
        steady_db: Smallest distance of the loudest moment from the quiet ones; a clip below it is active throughout.
        min_gap_s: Minimum duration of a pause; shorter pauses belong to the sound.
        min_duration_s: Minimum duration of an active stretch.
    """

    range_db: float = 30.0
    above_floor: float = 0.35
    steady_db: float = 12.0
    min_gap_s: float = 0.25
    min_duration_s: float = 0.04

    def __post_init__(self) -> None:
        if not self.range_db > 0:
            raise ValueError(f"range_db={self.range_db} must be above 0")
        if not 0 < self.above_floor < 1:
            raise ValueError(f"above_floor={self.above_floor} must be between 0 and 1")
        for name in ("steady_db", "min_gap_s", "min_duration_s"):
            if not getattr(self, name) >= 0:
                raise ValueError(f"{name}={getattr(self, name)} must be at least 0")


def find_active_stretches(waveform: Array, sample_rate: int, config: ActivityConfig | None = None) -> list[Stretch]:
    """Find the active stretches of a clip.

    Args:
        waveform: `(samples,)`, at least one sample.
        sample_rate: Sample rate in Hz.
        config: Settings; None for the defaults.

    Returns:
        Stretches in order, with times on a grid of 10 ms; an empty list for silence.

    Examples:
        >>> clip = np.zeros(1_000, np.float32)
        >>> clip[200:500] = 0.5
        >>> [stretch[:2] for stretch in find_active_stretches(clip, 1_000)]
        [(0.18, 0.52)]
    """
    config = config or ActivityConfig()
    level_db = _level_db(waveform, sample_rate)
    is_audible = level_db > _SILENT_DB
    if not is_audible.any():
        return []
    loudest, quiet = float(level_db.max()), float(np.quantile(level_db[is_audible], 0.1))
    lowest = _SILENT_DB
    if loudest - quiet >= config.steady_db:
        lowest = max(loudest - config.range_db, quiet + config.above_floor * (loudest - quiet))
    elif not is_audible.all():
        lowest = max(lowest, loudest - config.range_db)
    edges = np.flatnonzero(np.diff(np.concatenate([[False], level_db > lowest, [False]])))
    stretches: list[tuple[int, int]] = []
    for onset, offset in edges.reshape(-1, 2).tolist():
        if stretches and (onset - stretches[-1][1]) * FRAME_S < config.min_gap_s - 1e-9:
            stretches[-1] = (stretches[-1][0], offset)
        else:
            stretches.append((onset, offset))
    duration_s = len(waveform) / sample_rate
    power = 10 ** (level_db / 10)
    found = [
        Stretch(
            round(onset * FRAME_S, 2),
            min(round(offset * FRAME_S, 2), duration_s),
            float(10 * np.log10(power[onset:offset].mean())),
        )
        for onset, offset in stretches
    ]
    return [stretch for stretch in found if stretch.offset_s - stretch.onset_s >= config.min_duration_s - 1e-9]


def _level_db(waveform: Array, sample_rate: int) -> npt.NDArray[np.float64]:
    """Level of every 10 ms, averaged over the surrounding 50 ms."""
    starts = np.round(np.arange(0, len(waveform) / sample_rate - 1e-9, FRAME_S) * sample_rate).astype(np.intp)
    starts = starts[starts < len(waveform)]  # the last one may round to the end
    power = np.add.reduceat(np.square(waveform, dtype=np.float64), starts) / np.diff(starts, append=len(waveform))
    kernel = np.ones(_SMOOTHING_FRAMES)
    smoothed = np.convolve(power, kernel, "same") / np.convolve(np.ones_like(power), kernel, "same")
    level: npt.NDArray[np.float64] = 10 * np.log10(np.maximum(smoothed, 1e-12))
    return level
