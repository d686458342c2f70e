"""Mixup: two waveforms added, weighted as their labels are. Zhang et al. 2018, arXiv:1710.09412."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from panns.augment.mixing import Mixture, check_pair

Array = npt.NDArray[np.float32]


def mixup(first: Array, second: Array, rng: np.random.Generator, *, alpha: float = 1.0) -> Mixture:
    """The mean of two waveforms, weighted by a share drawn from Beta(`alpha`, `alpha`).

    Args:
        first: `(samples,)`.
        second: `(samples,)`.
        rng: Where chance comes from.
        alpha: Above 0. At 1 every share is as likely; near 0 one of the two is all but alone.

    Raises:
        ValueError: The two differ in length, or `alpha` is not above 0.
    """
    if not alpha > 0:
        raise ValueError(f"alpha={alpha:g} must be above 0; use 1 for shares drawn evenly, 0.2 for mostly one sound")
    share = float(rng.beta(alpha, alpha))
    return Mixture(mix_linearly(first, second, share=share), share)


def mix_linearly(first: Array, second: Array, *, share: float) -> Array:
    """`share` of one waveform `(samples,)` and the rest of another.

    Raises:
        ValueError: The two differ in length.
    """
    check_pair(first, second)
    return first * np.float32(share) + second * np.float32(1 - share)
