"""Median filter over time, for frames in blocks of any sizes."""

from __future__ import annotations

import numpy as np

from panns.system.arrays import Array


def median_filter(frames: Array, n_before: int, n_after: int, half: int) -> Array:
    """Filter frames by the median over `half` frames on either side, or as many as exist.

    Args:
        frames: `(frames, classes)`.
        n_before: Number of frames at the start that only serve as neighbours.
        n_after: Number of frames at the end that only serve as neighbours.
        half: Number of neighbours on either side.

    Returns:
        `(frames - n_before - n_after, classes)`.

    Examples:
        >>> median_filter(np.array([[1], [9], [2], [3]], np.float32), 0, 0, 1)[:, 0]
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
