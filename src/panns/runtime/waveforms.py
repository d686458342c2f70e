"""Waveforms that a model accepts: one clip, a batch, or a list of clips of any lengths."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from panns.audio.limits import check_samples
from panns.system.arrays import Array

Waveforms: TypeAlias = npt.NDArray[np.floating] | Sequence[npt.NDArray[np.floating]]


def to_clips(waveforms: Waveforms) -> list[Array]:
    """Split waveforms into clips, each `(samples,)` float32.

    Raises:
        ValueError: Empty input, a wrong shape, NaN or infinity.
        TypeError: Samples of another type than floating point.
    """
    if isinstance(waveforms, list | tuple):
        clips = [_to_clip(clip, f"clip {i}") for i, clip in enumerate(waveforms)]
    else:
        array = np.asarray(waveforms)
        if array.ndim == 2 and array.shape[0] > 1000 and array.shape[1] <= 64:
            raise ValueError(
                f"shape {array.shape} means {array.shape[0]} clips of {array.shape[1]} samples, but looks like one "
                "clip with several channels; pass the mean of the channels, (samples,), or a list of clips"
            )
        rows = array if array.ndim == 2 else [array]
        clips = [_to_clip(row, "a row" if array.ndim == 2 else "the waveform") for row in rows]
    if not clips:
        raise ValueError("no clips given; give at least one waveform")
    return clips


def _to_clip(clip: npt.ArrayLike, name: str) -> Array:
    array = np.asarray(clip)
    if array.dtype.kind != "f":
        raise TypeError(
            f"{name} is of type {type(clip).__name__}, {array.dtype}; use floating-point samples from -1 to 1 "
            "(16-bit integers divided by 32768), or pass (array, sample_rate) to tag() or embed()"
        )
    if array.ndim != 1 or not array.size:
        raise ValueError(f"{name} has shape {array.shape}; use mono samples, (samples,) with at least one")
    check_samples(array, name)
    return array.astype(np.float32)
