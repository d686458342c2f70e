"""Log-mel spectrograms in numpy.

The torch twin, `networks/frontend.py`, shares the settings and the filters.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from panns.frontend.config import Frontend, LogMelConfig
from panns.frontend.mel_filters import apply_mel_filters, frames_per_product, mel_bin_range, read_only
from panns.system.arrays import Array

# 64 frames of 1,024 samples fit the second-level cache; one FFT call over a whole 10 s clip takes twice as long.
_MAX_BLOCK_FRAMES = 64


def network_inputs(waveform: Array, frontend: Frontend) -> tuple[Array, ...]:
    """Compute the inputs of a network from a waveform `(batch, samples)`.

    Returns:
        One float32 array for each name in `frontend.inputs`: `(batch, samples)` for "waveform",
        `(batch, frames, mels)` for "features".
    """
    config = frontend.log_mel
    features = () if config is None else (log_mel(waveform, config),)
    return (waveform, *features) if "waveform" in frontend.inputs else features


def log_mel(waveform: Array, config: LogMelConfig) -> Array:
    """Compute a log-mel spectrogram.

    Args:
        waveform: `(samples,)` or `(batch, samples)` at `config.sample_rate`, at least `config.min_samples` long.
        config: Settings of the log-mel.

    Returns:
        `(frames, mels)` or `(batch, frames, mels)` float32.

    Raises:
        ValueError: The waveform is shorter than `config.min_samples`.
    """
    waveform = np.asarray(waveform, dtype=np.float32)
    if waveform.ndim == 2:
        return np.stack([log_mel(row, config) for row in waveform])
    if waveform.shape[0] < config.min_samples:
        raise ValueError(f"{waveform.shape[0]} samples given; n_fft={config.n_fft} needs at least {config.min_samples}")
    if config.pre_emphasis is not None and config.pre_emphasis_in == "waveform":
        waveform = waveform[1:] - np.float32(config.pre_emphasis) * waveform[:-1]
    if config.alignment == "causal":
        padded = np.pad(waveform, (config.n_overlap, -len(waveform) % config.hop_samples))
    elif config.alignment == "whole":
        after = config.n_fft - config.window_samples - config.window_start
        n_filled = config.filled(len(waveform))
        padded = np.pad(waveform, (config.window_start, n_filled - len(waveform) + after))
    else:
        padded = np.pad(waveform, config.n_fft // 2, mode="reflect")
    return log_mel_block(padded, config)


def log_mel_block(padded: Array, config: LogMelConfig) -> Array:
    """Compute the log-mel of samples that are already padded on both sides.

    Args:
        padded: `(samples,)`. For a stream, the last `config.n_overlap` samples (zeros at the start), then the next
            block.
        config: Settings of the log-mel.

    Returns:
        `(frames, mels)` float32.
    """
    frames = np.lib.stride_tricks.sliding_window_view(padded, config.n_fft)[:: config.hop_samples]
    low, high = mel_bin_range(config)
    n_block = frames_per_product(config, _MAX_BLOCK_FRAMES)
    mel = np.empty((len(frames), config.n_mels), dtype=np.float32)
    for start in range(0, len(frames), n_block):
        spectrum = np.fft.rfft(_windowed(frames[start : start + n_block], config), config.n_fft)[:, low:high]
        power = np.square(spectrum.real) + np.square(spectrum.imag)
        if config.spectrum == "magnitude":
            np.sqrt(power, out=power)
        apply_mel_filters(power, config, mel[start : start + n_block])
    return compress(mel, config)


def _windowed(frames: Array, config: LogMelConfig) -> Array:
    """Frames `(frames, n_fft)` under the window; those with pre-emphasis without the zeros beside it."""
    window = fft_window(config)
    if config.pre_emphasis is None or config.pre_emphasis_in == "waveform":
        windowed: Array = frames * window
        return windowed
    under = slice(config.window_start, config.window_start + config.window_samples)
    centred: Array = frames[:, under] - frames[:, under].mean(axis=1, dtype=np.float32, keepdims=True)
    before: Array = np.concatenate([centred[:, :1], centred[:, :-1]], axis=1)
    emphasised: Array = (centred - np.float32(config.pre_emphasis) * before) * window[under]
    return emphasised


def compress(mel: Array, config: LogMelConfig) -> Array:
    """Convert the mel power of one clip, `(frames, mels)`, to its log-mel, in place."""
    floor = np.float32(config.log_floor)
    if config.log == "db":
        # The logarithm of the ratio to the floor makes silence exactly -100 dB: float32 log10(1e-10) is one unit off.
        np.divide(np.maximum(mel, floor, out=mel), floor, out=mel)
        np.log10(mel, out=mel)
        mel *= np.float32(10.0)
        mel += np.float32(10.0 * np.log10(config.log_floor))
        if config.range_db is not None:
            np.maximum(mel, mel.max() - np.float32(config.range_db), out=mel)
    else:
        np.log((np.add if config.log == "ln" else np.maximum)(mel, floor, out=mel), out=mel)
    if config.shift:
        mel += np.float32(config.shift)
    if config.scale != 1.0:
        mel *= np.float32(config.scale)
    return mel


def silence(config: LogMelConfig) -> float:
    """Log-mel value of silence, equal in every band.

    Examples:
        >>> silence(LogMelConfig())
        -100.0
    """
    return float(compress(np.zeros((1, 1), np.float32), config)[0, 0])


@lru_cache(maxsize=32)
def fft_window(config: LogMelConfig) -> Array:
    """Hann window of `window_samples`, centred in zeros: `(n_fft,)`."""
    length, start = config.window_samples, config.window_start
    divisor = length if config.window == "periodic" else length - 1
    window = np.zeros(config.n_fft)
    window[start : start + length] = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(length) / divisor)
    return read_only(window)
