"""Frame targets on a network's own time grid, from events or from another model's frame scores."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from panns.system.arrays import Array


def make_frame_targets(
    events: Iterable[tuple[int, float, float]], n_frames: int, hop_s: float, n_classes: int
) -> Array:
    """Compute the share of every frame in which each class sounds.

    Args:
        events: Class, onset and offset in seconds; times outside of the frames are ignored.
        n_frames: Number of frames; frame k lasts from `k * hop_s` to `(k + 1) * hop_s`.
        hop_s: Duration of a frame, in seconds.
        n_classes: Number of classes.

    Returns:
        Targets `(frames, classes)`, from 0 to 1.

    Examples:
        >>> make_frame_targets([(0, 0.5, 2.0)], 3, 1.0, 1)[:, 0].tolist()
        [0.5, 1.0, 0.0]
    """
    targets = np.zeros((n_frames, n_classes), np.float32)
    starts_s = np.arange(n_frames) * hop_s
    for class_, onset_s, offset_s in events:
        sounding_s = np.minimum(starts_s + hop_s, offset_s) - np.maximum(starts_s, onset_s)
        targets[:, class_] = np.maximum(targets[:, class_], np.clip(sounding_s / hop_s, 0.0, 1.0))
    return targets


def resample_frames(frames: Array, hop_s: float, n_frames: int, own_hop_s: float) -> Array:
    """Resample frame scores to another time grid: each new frame is the mean over the time that it covers.

    Args:
        frames: `(batch, frames, classes)`; frame k lasts from `k * hop_s` to `(k + 1) * hop_s`, and the last frame
            continues without end.
        hop_s: Duration of a given frame, in seconds.
        n_frames: Number of new frames.
        own_hop_s: Duration of a new frame, in seconds.

    Returns:
        New frames `(batch, n_frames, classes)`.

    Examples:
        >>> resample_frames(np.array([[[0.0], [1.0], [0.5]]], np.float32), 1.0, 2, 2.0)[0, :, 0].tolist()
        [0.5, 0.5]
    """
    # The integral over time is linear between the borders of frames, so a mean is a difference of two of its values.
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
