"""Sample-rate conversion with soxr, in pieces of any size, bit-identical to one call over the whole sound."""

from __future__ import annotations

import numpy as np

from panns.audio.decoding.samples import Waveform

# 131 dB signal to noise and 135 dB of alias rejection from 44.1 to 32 kHz; VHQ does not improve a model's scores.
_QUALITY = "HQ"


class Resampler:
    """Resampler of one mono waveform, piece by piece.

    Examples:
        >>> resampler = Resampler(48_000, 16_000)
        >>> first = resampler.push(np.zeros(1_000, dtype=np.float32))
        >>> len(first) + len(resampler.push(np.zeros(500, dtype=np.float32))) + len(resampler.finish())
        500
    """

    def __init__(self, from_rate: int, to_rate: int) -> None:
        for rate in (from_rate, to_rate):
            if rate <= 0:
                raise ValueError(f"a sample rate of {rate} Hz is out of range; use a positive number")
        self.from_rate = from_rate
        self.to_rate = to_rate
        self._stream = None
        if from_rate != to_rate:
            import soxr

            self._stream = soxr.ResampleStream(from_rate, to_rate, 1, dtype="float32", quality=_QUALITY)

    def push(self, samples: Waveform) -> Waveform:
        """Return the output samples `(n,)` that are now complete: often fewer than the ratio says, sometimes none."""
        if self._stream is None or not len(samples):
            return samples
        resampled: Waveform = self._stream.resample_chunk(np.ascontiguousarray(samples, dtype=np.float32))
        return resampled

    def finish(self) -> Waveform:
        """Return the remaining output. The resampler cannot be used afterwards."""
        nothing = np.zeros(0, dtype=np.float32)
        if self._stream is None:
            return nothing
        stream, self._stream = self._stream, None
        rest: Waveform = stream.resample_chunk(nothing, last=True)
        return rest


def resample(waveform: Waveform, from_rate: int, to_rate: int) -> Waveform:
    """Convert a whole mono waveform `(samples,)` to another sample rate."""
    resampler = Resampler(from_rate, to_rate)
    return np.concatenate([resampler.push(waveform), resampler.finish()])
