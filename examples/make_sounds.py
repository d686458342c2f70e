"""Make the example sounds beside this script: synthesised here, so they are free of anyone else's rights.

Usage: python examples/make_sounds.py
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import soundfile

SAMPLE_RATE = 32_000
FOLDER = Path(__file__).parent


def bell(seconds: float = 4.0) -> np.ndarray:
    """Three strokes of a church bell: partials in the ratios of a minor-third bell, the high ones dying first."""
    ratios = np.array([0.5, 1.0, 1.2, 1.5, 2.0, 2.5, 2.67, 3.0, 4.0, 5.33])
    levels = np.array([0.5, 0.6, 0.8, 0.4, 1.0, 0.3, 0.25, 0.3, 0.25, 0.15])
    sound = np.zeros(round(seconds * SAMPLE_RATE))
    for stroke_s in (0.1, 1.4, 2.7):
        start = round(stroke_s * SAMPLE_RATE)
        t = np.arange(len(sound) - start) / SAMPLE_RATE
        partials = levels[:, None] * np.sin(2 * np.pi * 440 * ratios[:, None] * t) * np.exp(-t * ratios[:, None] * 1.1)
        sound[start:] += partials.sum(axis=0)
    return sound


def siren(seconds: float = 4.0) -> np.ndarray:
    """A wailing siren: a bright tone that rises and falls between 600 and 1,400 Hz."""
    t = np.arange(round(seconds * SAMPLE_RATE)) / SAMPLE_RATE
    pitch_hz = 1000 - 400 * np.cos(2 * np.pi * t / 2.0)
    phase = 2 * np.pi * np.cumsum(pitch_hz) / SAMPLE_RATE
    return sum(np.sin(n * phase) / n for n in range(1, 9))


def rain(seconds: float = 4.0) -> np.ndarray:
    """Rain: a steady hiss, and thousands of drops that each ring for some milliseconds."""
    rng = np.random.default_rng(0)
    n_samples = round(seconds * SAMPLE_RATE)
    hiss = np.diff(rng.standard_normal(n_samples + 1)) * 0.02
    drops = np.zeros(n_samples)
    for start in rng.integers(0, n_samples - 400, size=round(1500 * seconds)):
        t = np.arange(400) / SAMPLE_RATE
        pitch_hz, level = rng.uniform(1500, 9000), rng.exponential(0.05)
        drops[start : start + 400] += level * np.sin(2 * np.pi * pitch_hz * t) * np.exp(-t * rng.uniform(300, 1500))
    return hiss + drops


def main() -> None:
    """Write every sound as a small Ogg Vorbis file."""
    for make in (bell, siren, rain):
        sound = make()
        sound *= 0.5 / np.abs(sound).max()
        soundfile.write(FOLDER / f"{make.__name__}.ogg", sound.astype(np.float32), SAMPLE_RATE)


if __name__ == "__main__":
    main()
