"""SpecAugment: mask random spans of time and of frequency in a log-mel.

This keeps a model from relying on single frames or bands. Masks that are too large hide short events, whose label then
is wrong. Park et al. 2019, arXiv:1904.08779.
"""

from __future__ import annotations

import numpy as np

from panns.system.arrays import Array


def mask(
    features: Array,
    *,
    max_frames: int,
    max_mels: int,
    rng: np.random.Generator,
    n_time_masks: int = 1,
    n_mel_masks: int = 1,
) -> Array:
    """Copy a log-mel `(frames, mels)` with random spans of frames and of bands set to its mean.

    The mean is the most neutral value: silence would stand out in a log-mel, a hundred decibels below the rest.

    Args:
        features: The log-mel.
        max_frames: Maximum length of a time mask, in frames.
        max_mels: Maximum width of a frequency mask, in bands.
        rng: Random generator.
        n_time_masks: Number of time masks; they may overlap.
        n_mel_masks: Number of frequency masks.
    """
    masked = features.copy()
    fill = features.mean()
    for axis, longest in ((0, max_frames),) * n_time_masks + ((1, max_mels),) * n_mel_masks:
        size = features.shape[axis]
        width = int(rng.integers(min(longest, size) + 1))
        onset = int(rng.integers(size - width + 1))
        masked_span = [slice(None), slice(None)]
        masked_span[axis] = slice(onset, onset + width)
        masked[tuple(masked_span)] = fill
    return masked
