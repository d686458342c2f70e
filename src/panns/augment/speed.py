"""Speed perturbation: play a clip faster or slower, which changes its pitch too, like a tape.

This adds variety of pitch and tempo. Large factors change the identity of some sounds: a slow bird sounds like another
species. Ko et al. 2015, "Audio augmentation for speech recognition".
"""

from __future__ import annotations

import numpy as np

from panns.audio.resampling.resample import resample
from panns.system.arrays import Array

# Resampling takes integer rates; a ten-thousandth in speed is a sixth of a cent.
_STEPS = 10_000


def change_speed(waveform: Array, factor: float) -> Array:
    """Play a waveform `factor` times as fast, at the same sample rate.

    A slowed-down waveform has no content at the highest frequencies.

    Args:
        waveform: `(samples,)`.
        factor: Speed, 0.25 to 4 in steps of 0.0001; above 1 is faster, shorter and higher.

    Returns:
        `(samples / factor,)`, rounded, at least one.

    Raises:
        ValueError: `factor` is out of range.
    """
    if not 0.25 <= factor <= 4:
        raise ValueError(f"speed factor {factor:g} is out of range; use 0.25 to 4")
    steps = round(factor * _STEPS)
    n_samples = max(1, round(len(waveform) * _STEPS / steps))
    changed = resample(waveform, steps, _STEPS)[:n_samples]
    return np.pad(changed, (0, n_samples - len(changed)))
