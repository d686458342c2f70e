"""Clips of any length brought to one: cropped where there is sound, placed in silence, or repeated."""

from __future__ import annotations

from typing import Literal

import numpy as np
import numpy.typing as npt

from panns.augment.placement import draw_position

Array = npt.NDArray[np.float32]


def fit_length(
    waveform: Array,
    n_samples: int,
    rng: np.random.Generator,
    *,
    range_db: float = 20.0,
    shorter: Literal["silence", "repeat"] = "silence",
) -> Array:
    """A random stretch of a longer clip, or the whole of a shorter one at a random place.

    Many clips are padded with silence, or are one bark in five seconds. A stretch taken from anywhere in them is often
    silent, and teaches that silence is a dog. So of all stretches of the length wanted, only those are drawn from that
    hold nearly as much energy as the one with the most. A threshold beside the best, not a choice by energy, keeps the
    draw uniform in a clip that sounds throughout.

    Args:
        waveform: `(samples,)`, at least one.
        n_samples: The length wanted, at least 1.
        rng: Where chance comes from; it is asked once, whatever the lengths.
        range_db: How far the energy of a stretch may be below the most that one of its length has; `math.inf` draws
            from all stretches.
        shorter: What surrounds a clip that is shorter: "silence", or "repeat" for the clip itself, again and again.

    Returns:
        `(n_samples,)`, its own memory.

    Raises:
        ValueError: There is no sample to take, or none wanted.

    Example:
        >>> clip = np.array([0, 0, 0, 0, 0, 0, 3, 0], np.float32)
        >>> all(3.0 in fit_length(clip, 4, np.random.default_rng(seed)) for seed in range(20))
        True
    """
    if shorter == "repeat" and 0 < len(waveform) <= n_samples:
        return np.resize(np.roll(waveform, int(rng.integers(len(waveform)))), n_samples)
    return take_segment(waveform, draw_onset(waveform, n_samples, rng, range_db=range_db), n_samples)


def draw_onset(waveform: Array, n_samples: int, rng: np.random.Generator, *, range_db: float = 20.0) -> int:
    """Where the stretch begins that `fit_length` takes, for callers that must know; below 0 with silence before a clip.

    Args:
        waveform: `(samples,)`, at least one.
        n_samples: The length wanted, at least 1.
        rng: Where chance comes from.
        range_db: As of `fit_length`.

    Raises:
        ValueError: There is no sample to take, or none wanted.
    """
    n_clip = len(waveform)
    if n_clip < 1 or n_samples < 1:
        raise ValueError(f"{n_samples} samples wanted of a clip of {n_clip}; both must be at least 1")
    if n_clip <= n_samples:
        return -int(draw_position(n_clip, n_samples, rng).start)
    onsets = loud_onsets(waveform, n_samples, range_db=range_db)
    return int(onsets[rng.integers(len(onsets))])


def take_segment(waveform: Array, onset: int, n_samples: int) -> Array:
    """The stretch of `n_samples` from `onset` on, with silence where it is outside of the clip; its own memory.

    Example:
        >>> take_segment(np.array([1, 2, 3], np.float32), -1, 3)
        array([0., 1., 2.], dtype=float32)
    """
    stretch = np.zeros(n_samples, np.float32)
    first, last = max(onset, 0), min(onset + n_samples, len(waveform))
    if first < last:
        stretch[first - onset : last - onset] = waveform[first:last]
    return stretch


def loud_onsets(waveform: Array, n_samples: int, *, range_db: float) -> npt.NDArray[np.intp]:
    """Where the stretches of `n_samples` begin whose energy is within `range_db` of the most that one has.

    Args:
        waveform: `(samples,)`, at least `n_samples` long.
        n_samples: Length of a stretch.
        range_db: At least 0.

    Returns:
        Indices of samples, rising; all of them for silence.

    Example:
        >>> loud_onsets(np.array([0, 0, 0, 5, 0, 0], np.float32), 2, range_db=20.0)
        array([2, 3])
    """
    # In float64: differences of float32 sums would lose the soft stretches behind a loud one.
    # Squared in float64 at once, since a sum that changes the type of what it adds takes three times as long.
    sums = np.square(waveform, dtype=np.float64)
    np.cumsum(sums, out=sums)
    energies = sums[n_samples - 1 :]
    energies[1:] -= sums[:-n_samples]
    return np.flatnonzero(energies >= energies.max() * 10 ** (-range_db / 10))
