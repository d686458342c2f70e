"""Audio fingerprints: landmarks that find clips with the same sound without comparing all pairs.

Haitsma and Kalker, "A Highly Robust Audio Fingerprinting System", ISMIR 2002: every frame has 32 bits, the signs of
energy differences between neighbouring bands and frames. Encoders, resamplers and gains preserve most bits of most
frames, and frames of different sounds rarely share all bits. As in the paper, a lookup also flips the weakest bits of a
frame (`landmark_index.py`). A comparison of the waveforms then decides which clips are copies (`compare.py`).

Sounds without energy between 250 Hz and 2.5 kHz, and steady sounds, have no frames that can be found again.
"""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from panns.system.arrays import Array

Bits = npt.NDArray[np.uint32]

RATE = 5_512  # Hz of the waveforms, as in the paper
_N_FFT, HOP = 2048, 128
N_BITS = 32
_LOW_HZ, _HIGH_HZ = 250.0, 2_500.0
N_WEAK = 3
BITS_OF_PLACE = 5
# At this distance two frames do not overlap.
_BESIDE_FRAMES = _N_FFT // HOP
# Frames this far below the loudest are pauses, whose bits are noise, and are skipped.
_PAUSE_DB = 40.0
_SILENCE = 1e-7  # mean square of a silent frame, -70 dB
_BLOCK_FRAMES = 64  # frames whose spectra fit into the cache of a core
_MAX_FRAMES = 2**16  # frame numbers are unsigned 16-bit integers


class Landmarks(NamedTuple):
    """Landmarks of one clip, one for each frame that is not a pause.

    Attributes:
        bits: The 32 bits of the frame.
        beside: Bits of the frame 0.37 s later; if that is a pause, 0.37 s earlier; if both are, of the frame itself.
        weak: Positions of the three weakest bits, 5 bits each.
        frames: Number of the frame in its clip.
    """

    bits: Bits
    beside: Bits
    weak: npt.NDArray[np.uint16]
    frames: npt.NDArray[np.uint16]


def find_landmarks(waveform: Array) -> Landmarks:
    """Compute the landmarks of a waveform `(samples,)` at `RATE`, of at most 20 minutes."""
    padded = np.pad(waveform, (0, max(0, _N_FFT + HOP - len(waveform))))
    windows = np.lib.stride_tricks.sliding_window_view(padded, _N_FFT)[::HOP]
    assert len(windows) <= _MAX_FRAMES
    squares = np.concatenate([[0.0], np.cumsum(np.square(padded, dtype=np.float64))])
    starts = np.arange(len(windows)) * HOP
    mean_square = (squares[starts + _N_FFT] - squares[starts]) / _N_FFT
    is_sounding = mean_square > max(_SILENCE, float(mean_square.max()) * 10 ** (-_PAUSE_DB / 10))
    # Only these frames and the ones before them need spectra; most clips of events are pauses for the larger part.
    frames = np.flatnonzero(is_sounding[1:]) + 1
    needed = np.union1d(frames, frames - 1)
    energy = np.concatenate(
        [_energy(windows[needed[start : start + _BLOCK_FRAMES]]) for start in range(0, len(needed), _BLOCK_FRAMES)]
        or [np.zeros((0, N_BITS + 1), np.float32)]
    )
    places = np.searchsorted(needed, frames)
    falls = energy[:, :-1] - energy[:, 1:]
    changes = falls[places] - falls[places - 1]
    strength = np.abs(changes) / (energy[places, :-1] + energy[places, 1:] + np.float32(1e-20))
    weakest = np.argsort(strength, axis=1, kind="stable")[:, :N_WEAK].astype(np.uint16)
    shifts = np.arange(N_WEAK, dtype=np.uint16) * np.uint16(BITS_OF_PLACE)
    bits: Bits = np.packbits(changes > 0, axis=1, bitorder="little").view(np.uint32)[:, 0]
    return Landmarks(
        bits, _beside(bits, frames), np.bitwise_or.reduce(weakest << shifts, axis=1), frames.astype(np.uint16)
    )


def _beside(bits: Bits, frames: npt.NDArray[np.intp]) -> Bits:
    """Bits of a nearby frame that does not overlap, for each of these frames."""
    beside = bits
    for n_later in (-_BESIDE_FRAMES, _BESIDE_FRAMES):
        places = np.minimum(np.searchsorted(frames, frames + n_later), len(frames) - 1)
        beside = np.where(frames[places] == frames + n_later, bits[places], beside)
    return beside


def _energy(windows: Array) -> Array:
    """Energy of the 33 bands, `(frames, bands)`."""
    windowed = windows * _window()
    # Adding the two halves of a window gives every other bin of its spectrum, for half of the work.
    spectrum = np.fft.rfft(windowed[:, : _N_FFT // 2] + windowed[:, _N_FFT // 2 :])
    power = np.square(spectrum.real) + np.square(spectrum.imag)
    energy: Array = np.add.reduceat(power, _band_edges(), axis=1)[:, :-1]
    return energy


@lru_cache(maxsize=1)
def _window() -> Array:
    return np.hanning(_N_FFT).astype(np.float32)


@lru_cache(maxsize=1)
def _band_edges() -> npt.NDArray[np.intp]:
    """First bins of the 33 bands, spaced logarithmically, and the end of the last."""
    edges_hz = np.geomspace(_LOW_HZ, _HIGH_HZ, N_BITS + 2)
    return np.round(edges_hz * (_N_FFT // 2) / RATE).astype(np.intp)
