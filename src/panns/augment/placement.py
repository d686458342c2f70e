"""Random crops and positions, in frames."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt


def crop_frames(n_clip: int, n_frames: int, rng: np.random.Generator) -> npt.NDArray[np.intp]:
    """Indices of the frames of a random crop that wraps around the end of the clip.

    A clip that fits into the crop is used whole and once, rotated at random, so a short event is never cut off.

    Args:
        n_clip: Length of the clip, in frames.
        n_frames: Maximum length of the crop, in frames.
        rng: Random generator.

    Returns:
        `(min(n_clip, n_frames),)`.

    Examples:
        >>> sorted(crop_frames(4, 6, np.random.default_rng(0)).tolist())
        [0, 1, 2, 3]
    """
    return (rng.integers(n_clip) + np.arange(min(n_clip, n_frames))) % n_clip


def draw_position(n_piece: int, n_frames: int, rng: np.random.Generator) -> slice:
    """Draw a random position of `n_piece` frames within `n_frames`."""
    onset = int(rng.integers(n_frames - n_piece + 1))
    return slice(onset, onset + n_piece)
