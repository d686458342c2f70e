"""A median filter over time that may be given its frames in any blocks."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float32]


def median_of(frames: Array, n_before: int, n_after: int, half: int) -> Array:
    """The median of every frame and of `half` frames on either side, of as many as there are.

    Args:
        frames: `(frames, classes)`.
        n_before: The first so many are only looked at, their medians are known.
        n_after: So many at the end likewise.
        half: Frames on either side.

    Returns:
        `(frames - n_before - n_after, classes)`.

    Example:
        >>> median_of(np.array([[1], [9], [2], [3]], np.float32), 0, 0, 1)[:, 0]
        array([5. , 2. , 3. , 2.5], dtype=float32)
    """
    n_frames = len(frames)
    first, last = n_before, n_frames - n_after
    if not half or first >= last:
        return frames[first:last]
    filtered = np.empty((last - first, frames.shape[1]), np.float32)
    inner = range(max(first, half), max(first, half, min(last, n_frames - half)))
    if inner:
        around = np.lib.stride_tricks.sliding_window_view(frames, 2 * half + 1, axis=0)
        filtered[inner.start - first : inner.stop - first] = np.median(
            around[inner.start - half : inner.stop - half], axis=2
        )
    for i in (*range(first, min(last, inner.start)), *range(max(first, inner.stop), last)):
        filtered[i - first] = np.median(frames[max(0, i - half) : i + half + 1], axis=0)
    return filtered
