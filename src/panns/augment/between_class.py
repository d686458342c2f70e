"""Between-class learning: mix two clips at a random ratio of perceived loudness, and train on the ratio.

This separates the classes in the feature space more than plain mixup does, because the ratio is one of loudness rather
than of amplitude. Tokozume et al. 2018, arXiv:1711.10282.
"""

from __future__ import annotations

import numpy as np

from panns.augment.level import a_weighted_level_db
from panns.augment.mixing import Mixture, check_pair
from panns.system.arrays import Array


def mix_between_classes(first: Array, second: Array, sample_rate: int, rng: np.random.Generator) -> Mixture:
    """Mix two clips at a ratio of perceived loudness drawn uniformly from 0 to 1.

    Args:
        first: `(samples,)`.
        second: `(samples,)`.
        sample_rate: Sample rate of both, in Hz.
        rng: Random generator.

    Raises:
        ValueError: The two differ in length.
    """
    share = float(rng.random())
    return Mixture(mix_by_loudness(first, second, sample_rate, share=share), share)


def mix_by_loudness(first: Array, second: Array, sample_rate: int, *, share: float) -> Array:
    """Mix two clips so that the first has `share` of the perceived amplitude: equations 1 and 2 of the paper.

    With A-weighted levels G1, G2 of the loudest tenth of a second in each,
    p = 1 / (1 + 10^((G1 - G2) / 20) (1 - share) / share), and the mixture is
    (p first + (1 - p) second) / sqrt(p^2 + (1 - p)^2). The division preserves the power of two unrelated sounds.

    Args:
        first: `(samples,)`.
        second: `(samples,)`.
        sample_rate: Sample rate of both, in Hz.
        share: Share of the first, from 0 (only the second) to 1 (only the first).

    Returns:
        `(samples,)`; its peak may exceed full scale. A silent clip counts as equally loud, because otherwise the other
        clip would be scaled to silence too.

    Raises:
        ValueError: The two differ in length.
    """
    check_pair(first, second)
    levels_db = a_weighted_level_db(first, sample_rate), a_weighted_level_db(second, sample_rate)
    above_db = levels_db[0] - levels_db[1] if np.isfinite(levels_db).all() else 0.0
    # Multiplied by `share` above and below, because it may be 0.
    p = share / (share + 10 ** (above_db / 20) * (1 - share))
    q = 1 - p
    norm = np.sqrt(p * p + q * q)
    return first * np.float32(p / norm) + second * np.float32(q / norm)
