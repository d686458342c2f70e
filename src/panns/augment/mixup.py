"""Mixup: add two clips, weighted like their labels. Zhang et al. 2018, arXiv:1710.09412.

This regularises a model by training it on points between the classes. The louder clip dominates the mixture; see
`between_class.py` for weights by loudness.
"""

from __future__ import annotations

import numpy as np

from panns.augment.mixing import Mixture, check_pair
from panns.system.arrays import Array


def mixup(first: Array, second: Array, rng: np.random.Generator, *, alpha: float = 1.0) -> Mixture:
    """Mix two waveforms with a share drawn from Beta(`alpha`, `alpha`).

    Args:
        first: `(samples,)`.
        second: `(samples,)`.
        rng: Random generator.
        alpha: Above 0. At 1 the share is uniform; near 0 one of the two dominates.

    Raises:
        ValueError: The two differ in length, or `alpha` is not above 0.
    """
    if not alpha > 0:
        raise ValueError(f"alpha={alpha:g} must be above 0; use 1 for a uniform share, 0.2 for mostly one of the two")
    share = float(rng.beta(alpha, alpha))
    return Mixture(mix_linearly(first, second, share=share), share)


def mix_linearly(first: Array, second: Array, *, share: float) -> Array:
    """Add `share` of one waveform `(samples,)` and `1 - share` of another.

    Raises:
        ValueError: The two differ in length.
    """
    check_pair(first, second)
    return first * np.float32(share) + second * np.float32(1 - share)
