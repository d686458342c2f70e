"""SpecAugment: stretches of time and of frequency are hidden. Park et al. 2019, arXiv:1904.08779."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float32]


def mask(
    features: Array,
    *,
    max_frames: int,
    max_mels: int,
    rng: np.random.Generator,
    n_time_masks: int = 1,
    n_mel_masks: int = 1,
) -> Array:
    """A copy of a log-mel `(frames, mels)` with stretches of time and of frequency set to its mean.

    The mean is what says least: silence would be a sound of its own in a log-mel, a hundred decibels from the rest.

    Args:
        features: The log-mel.
        max_frames: The longest stretch of time.
        max_mels: The widest stretch of frequency.
        rng: Where chance comes from.
        n_time_masks: How many stretches of time; they may overlap.
        n_mel_masks: How many stretches of frequency.
    """
    masked = features.copy()
    fill = features.mean()
    for axis, longest in ((0, max_frames),) * n_time_masks + ((1, max_mels),) * n_mel_masks:
        size = features.shape[axis]
        width = int(rng.integers(min(longest, size) + 1))
        onset = int(rng.integers(size - width + 1))
        hidden = [slice(None), slice(None)]
        hidden[axis] = slice(onset, onset + width)
        masked[tuple(hidden)] = fill
    return masked
