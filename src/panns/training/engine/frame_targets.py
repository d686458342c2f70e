"""What is true when: labels with times, or another model's frame scores, on a network's own grid of frames."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float32]


def frame_targets(events: Iterable[tuple[int, float, float]], n_frames: int, hop_s: float, n_classes: int) -> Array:
    """How much of every frame each class sounds in.

    Args:
        events: Class, onset and offset in seconds; what lies outside of the frames is passed over.
        n_frames: How many frames, frame k lasting from k to k + 1 times `hop_s`.
        hop_s: Length of a frame.
        n_classes: Number of classes.

    Returns:
        `(frames, classes)`, 0 to 1.

    Example:
        >>> frame_targets([(0, 0.5, 2.0)], 3, 1.0, 1)[:, 0].tolist()
        [0.5, 1.0, 0.0]
    """
    targets = np.zeros((n_frames, n_classes), np.float32)
    starts_s = np.arange(n_frames) * hop_s
    for class_, onset_s, offset_s in events:
        sounding_s = np.minimum(starts_s + hop_s, offset_s) - np.maximum(starts_s, onset_s)
        targets[:, class_] = np.maximum(targets[:, class_], np.clip(sounding_s / hop_s, 0.0, 1.0))
    return targets


def on_grid(frames: Array, hop_s: float, n_frames: int, own_hop_s: float) -> Array:
    """Frame scores on another grid: of every frame, the mean over what it covers of those of the first.

    Args:
        frames: `(batch, frames, classes)`, frame k lasting from k to k + 1 times `hop_s`; what comes after the last
            frame is as the last.
        hop_s: Length of one of them.
        n_frames: How many are wanted.
        own_hop_s: Length of one that is wanted.

    Returns:
        `(batch, n_frames, classes)`.

    Example:
        >>> on_grid(np.array([[[0.0], [1.0], [0.5]]], np.float32), 1.0, 2, 2.0)[0, :, 0].tolist()
        [0.5, 0.5]
    """
    # The integral over time is linear between borders of frames, so a mean is a difference of two of its values.
    integral = np.concatenate([np.zeros_like(frames[:, :1]), np.cumsum(frames, axis=1, dtype=np.float64)], axis=1)
    borders = np.minimum(np.arange(n_frames + 1) * own_hop_s / hop_s, frames.shape[1])
    before = np.minimum(borders.astype(np.intp), frames.shape[1] - 1)
    rest = (borders - before)[None, :, None]
    values = integral[:, before] * (1 - rest) + integral[:, before + 1] * rest
    widths = np.diff(borders)
    means = np.diff(values, axis=1) / np.maximum(widths, 1e-9)[None, :, None]
    means[:, widths < 1e-9] = frames[:, -1:]
    result: Array = means.astype(np.float32)
    return result
