"""Generated sounds for tests, and files of them."""

from __future__ import annotations

import struct

import numpy as np

RATE = 32_000


def tone(seconds=2.0, *, hz=440.0, sample_rate=RATE):
    times = np.arange(round(seconds * sample_rate)) / sample_rate
    return (0.3 * np.sin(2 * np.pi * hz * times)).astype(np.float32)


def noise(seconds=2.0, *, seed=0, level=0.1, sample_rate=RATE):
    return (level * np.random.default_rng(seed).standard_normal(round(seconds * sample_rate))).astype(np.float32)


def changing_sound(seconds, *, seed=0):
    """Noise whose level changes every second, so that any two windows have different scores."""
    rng = np.random.default_rng(seed)
    n_samples = round(seconds * RATE)
    levels = 10 ** rng.uniform(-4, -0.5, n_samples // RATE + 1)
    return (np.repeat(levels, RATE)[:n_samples] * rng.standard_normal(n_samples)).astype(np.float32)


def write_wav(path, samples, sample_rate=RATE):
    import soundfile

    soundfile.write(path, samples, sample_rate, subtype="FLOAT" if path.suffix == ".wav" else None)
    return path


def write_silent_wav(path, seconds, *, sample_rate=16_000):
    """Write a sparse 16-bit file of any length."""
    n_bytes = round(seconds * sample_rate) * 2
    layout = struct.pack("<IHHIIHH", 16, 1, 1, sample_rate, 2 * sample_rate, 2, 16)
    with path.open("wb") as file:
        file.write(
            b"RIFF" + struct.pack("<I", 36 + n_bytes) + b"WAVEfmt " + layout + b"data" + struct.pack("<I", n_bytes)
        )
        file.truncate(44 + n_bytes)
    return path
