"""SpecAugment: stretches of time and of frequency are hidden. Park et al. 2019, arXiv:1904.08779."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float32]


def mask(features: Array, *, max_frames: int, max_mels: int, rng: np.random.Generator) -> Array:
    """A copy of a log-mel `(frames, mels)` with one stretch of time and one of frequency set to its mean."""
    masked = features.copy()
    fill = features.mean()
    for axis, longest in ((0, max_frames), (1, max_mels)):
        size = features.shape[axis]
        width = int(rng.integers(min(longest, size) + 1))
        onset = int(rng.integers(size - width + 1))
        hidden = [slice(None), slice(None)]
        hidden[axis] = slice(onset, onset + width)
        masked[tuple(hidden)] = fill
    return masked
