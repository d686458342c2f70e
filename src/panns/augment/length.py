"""Crop or pad clips of any length to one length, at a random position."""

from __future__ import annotations

from typing import Literal

import numpy as np
import numpy.typing as npt

from panns.augment.placement import draw_position
from panns.system.arrays import Array


def fit_length(
    waveform: Array,
    n_samples: int,
    rng: np.random.Generator,
    *,
    range_db: float = 20.0,
    shorter: Literal["silence", "repeat"] = "silence",
) -> Array:
    """Crop a random loud segment of a longer clip, or place a shorter clip at a random position.

    Many clips are padded with silence, or hold one bark in five seconds. A segment from anywhere in them is often
    silent, and would teach that silence is a dog. So the segment is drawn from those whose energy is close to the
    maximum. In a clip of constant loudness, every segment is equally likely.

    Args:
        waveform: `(samples,)`, at least one.
        n_samples: Length of the result, at least 1.
        rng: Random generator; it makes one draw for any lengths.
        range_db: Largest distance of a segment's energy below the maximum, in dB; `math.inf` draws from all segments.
        shorter: Padding of a shorter clip: "silence", or "repeat" to repeat the clip.

    Returns:
        `(n_samples,)`, a copy.

    Raises:
        ValueError: The clip is empty, or `n_samples` is below 1.

    Examples:
        >>> clip = np.array([0, 0, 0, 0, 0, 0, 3, 0], np.float32)
        >>> all(3.0 in fit_length(clip, 4, np.random.default_rng(seed)) for seed in range(20))
        True
    """
    if shorter == "repeat" and 0 < len(waveform) <= n_samples:
        return np.resize(np.roll(waveform, int(rng.integers(len(waveform)))), n_samples)
    return take_segment(waveform, draw_onset(waveform, n_samples, rng, range_db=range_db), n_samples)


def draw_onset(waveform: Array, n_samples: int, rng: np.random.Generator, *, range_db: float = 20.0) -> int:
    """Draw the onset of the segment that `fit_length` takes; negative with silence before the clip.

    Args:
        waveform: `(samples,)`, at least one.
        n_samples: Length of the segment, at least 1.
        rng: Random generator.
        range_db: Largest distance of a segment's energy below the maximum, in dB.

    Raises:
        ValueError: The clip is empty, or `n_samples` is below 1.
    """
    n_clip = len(waveform)
    if n_clip < 1 or n_samples < 1:
        raise ValueError(f"cannot take {n_samples} samples of a clip of {n_clip}; both must be at least 1")
    if n_clip <= n_samples:
        return -int(draw_position(n_clip, n_samples, rng).start)
    onsets = loud_onsets(waveform, n_samples, range_db=range_db)
    return int(onsets[rng.integers(len(onsets))])


def take_segment(waveform: Array, onset: int, n_samples: int) -> Array:
    """Copy a segment of `n_samples` from `onset` on, with silence outside the clip.

    Examples:
        >>> take_segment(np.array([1, 2, 3], np.float32), -1, 3)
        array([0., 1., 2.], dtype=float32)
    """
    segment = np.zeros(n_samples, np.float32)
    first, last = max(onset, 0), min(onset + n_samples, len(waveform))
    if first < last:
        segment[first - onset : last - onset] = waveform[first:last]
    return segment


def loud_onsets(waveform: Array, n_samples: int, *, range_db: float) -> npt.NDArray[np.intp]:
    """Onsets of the segments whose energy is within `range_db` of the loudest segment.

    Args:
        waveform: `(samples,)`, at least `n_samples` long.
        n_samples: Length of a segment.
        range_db: Largest difference to the loudest segment, in dB, at least 0.

    Returns:
        Sample indices in ascending order; all onsets for a silent clip.

    Examples:
        >>> loud_onsets(np.array([0, 0, 0, 5, 0, 0], np.float32), 2, range_db=20.0)
        array([2, 3])
    """
    # float64, because differences of float32 sums lose the quiet segments after a loud one. Squaring to float64 is
    # three times faster than a cumulative sum that converts.
    sums = np.square(waveform, dtype=np.float64)
    np.cumsum(sums, out=sums)
    energies = sums[n_samples - 1 :]
    energies[1:] -= sums[:-n_samples]
    return np.flatnonzero(energies >= energies.max() * 10 ** (-range_db / 10))
