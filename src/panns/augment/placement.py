"""Which moments of a clip are heard, and where."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt


def crop_frames(n_clip: int, n_frames: int, rng: np.random.Generator) -> npt.NDArray[np.intp]:
    """Indices of the frames of a random stretch of a clip that is closed to a ring.

    A clip no longer than the stretch is heard as a whole and once, shifted at random: a short event is never cut away.

    Args:
        n_clip: Length of the clip.
        n_frames: Length of the stretch, at most.
        rng: Where chance comes from.

    Returns:
        `(min(n_clip, n_frames),)`.

    Example:
        >>> sorted(crop_frames(4, 6, np.random.default_rng(0)).tolist())
        [0, 1, 2, 3]
    """
    return (rng.integers(n_clip) + np.arange(min(n_clip, n_frames))) % n_clip


def draw_position(n_piece: int, n_frames: int, rng: np.random.Generator) -> slice:
    """Where a piece of `n_piece` frames lies inside `n_frames` of silence."""
    onset = int(rng.integers(n_frames - n_piece + 1))
    return slice(onset, onset + n_piece)
