"""Between-class learning: two sounds mixed in a ratio that is heard. Tokozume et al. 2018, arXiv:1711.10282."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from panns.augment.level import a_weighted_level_db
from panns.augment.mixing import Mixture, check_pair

Array = npt.NDArray[np.float32]


def mix_between_classes(first: Array, second: Array, sample_rate: int, rng: np.random.Generator) -> Mixture:
    """Two sounds in a ratio drawn evenly from 0 to 1, by how loud each is heard.

    Args:
        first: `(samples,)`.
        second: `(samples,)`.
        sample_rate: Of both.
        rng: Where chance comes from.

    Raises:
        ValueError: The two differ in length.
    """
    share = float(rng.random())
    return Mixture(mix_by_loudness(first, second, sample_rate, share=share), share)


def mix_by_loudness(first: Array, second: Array, sample_rate: int, *, share: float) -> Array:
    """Two sounds mixed so that the first is heard with `share` of the amplitude: the paper's equations 1 and 2.

    With A-weighted levels G1, G2 of the loudest tenth of a second in each,
    p = 1 / (1 + 10^((G1 - G2) / 20) (1 - share) / share), and the mixture is
    (p first + (1 - p) second) / sqrt(p^2 + (1 - p)^2): divided so that two unrelated sounds keep their power.

    Args:
        first: `(samples,)`.
        second: `(samples,)`.
        sample_rate: Of both.
        share: From 0, only the second, to 1, only the first.

    Returns:
        `(samples,)`; its peak may be above full scale. A silent waveform counts as being as loud as the other, which
        would otherwise be turned down to silence, too.

    Raises:
        ValueError: The two differ in length.
    """
    check_pair(first, second)
    levels_db = a_weighted_level_db(first, sample_rate), a_weighted_level_db(second, sample_rate)
    above_db = levels_db[0] - levels_db[1] if np.isfinite(levels_db).all() else 0.0
    # The fraction is expanded by the share, which may be 0.
    p = share / (share + 10 ** (above_db / 20) * (1 - share))
    q = 1 - p
    norm = np.sqrt(p * p + q * q)
    return first * np.float32(p / norm) + second * np.float32(q / norm)
