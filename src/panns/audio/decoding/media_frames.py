"""Samples of FFmpeg's frames, in every sample format that FFmpeg has."""

from __future__ import annotations

from typing import Any

import numpy as np

from panns.audio.decoding.samples import Waveform, to_float32

# FFmpeg's names of sample formats; planar ones end in "p".
_DTYPES = {
    "u8": np.uint8,
    "s16": np.int16,
    "s32": np.int32,
    "s64": np.int64,
    "flt": np.float32,
    "dbl": np.float64,
}


def frame_to_float32(frame: Any) -> Waveform:  # noqa: ANN401 - PyAV is imported on first use only
    """Samples of a frame as `(samples, channels)` float32 within -1..1."""
    from av.audio.plane import AudioPlane

    # Not `frame.to_ndarray()`: PyAV counts planes up to a null pointer, which frames of 8 or more channels do not have,
    # and crashes.
    is_planar, n_channels = frame.format.is_planar, frame.layout.nb_channels
    planes: list[Any] = [AudioPlane(frame, index) for index in range(n_channels if is_planar else 1)]
    dtype = _DTYPES[frame.format.name.removesuffix("p")]
    n_values = frame.samples if is_planar else frame.samples * n_channels
    stored = np.stack([np.frombuffer(plane, dtype, count=n_values) for plane in planes])
    # Planar is (channels, samples); packed is (1, samples * channels).
    samples = stored.T if is_planar else stored.reshape(-1, n_channels)
    if dtype is np.int64:
        return samples.astype(np.float32) * np.float32(2.0**-63)
    return to_float32(samples)
