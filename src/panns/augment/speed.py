"""Speed: as a tape that runs faster or slower, so that pitch moves along. Ko et al. 2015, "Audio augmentation"."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from panns.audio.resampling.resample import resample

Array = npt.NDArray[np.float32]

# Resampling takes whole rates; a ten-thousandth in speed is a sixth of a hundredth of a semitone.
_STEPS = 10_000


def change_speed(waveform: Array, factor: float) -> Array:
    """A waveform played `factor` times as fast, at the same sample rate.

    Slowed down, it has nothing in the highest frequencies, where the original had no sound to bring down.

    Args:
        waveform: `(samples,)`.
        factor: 0.25 to 4, above 1 for faster, shorter and higher; to a ten-thousandth.

    Returns:
        `(samples / factor,)`, rounded, at least one.

    Raises:
        ValueError: `factor` is out of range.
    """
    if not 0.25 <= factor <= 4:
        raise ValueError(f"a speed of {factor:g} is out of range; use 0.25 to 4, where 1 changes nothing")
    steps = round(factor * _STEPS)
    n_samples = max(1, round(len(waveform) * _STEPS / steps))
    changed = resample(waveform, steps, _STEPS)[:n_samples]
    return np.pad(changed, (0, n_samples - len(changed)))
