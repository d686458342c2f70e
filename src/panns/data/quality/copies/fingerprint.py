"""Landmarks of sounds, by which clips are found that may hold the same sound, without comparing each with each.

Haitsma and Kalker, "A Highly Robust Audio Fingerprinting System", ISMIR 2002: every frame has 32 bits, the signs of
differences of energy between neighbouring bands and neighbouring frames. Encoders, resamplers and gains leave most of
the bits of most frames as they are, and two sounds rarely share all bits of any. As in the paper a frame is also looked
up with its weakest bits turned (`landmark_index.py`). Whether clips that share frames are copies is told by their sound
(`copies.py`).

Sounds with nothing between 250 Hz and 2.5 kHz, and steady ones without a change that an encoder keeps, have no frames
that are found again.
"""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float32]
Bits = npt.NDArray[np.uint32]

RATE = 5_512  # Hz of the waveforms, as in the paper
_N_FFT, HOP = 2048, 128
N_BITS = 32
_LOW_HZ, _HIGH_HZ = 250.0, 2_500.0
N_WEAK = 3
BITS_OF_PLACE = 5
# So far away a frame holds none of the same sound.
_BESIDE_FRAMES = _N_FFT // HOP
# Bits of pauses are those of noise: frames so far below the loudest are left out.
_PAUSE_DB = 40.0
_SILENCE = 1e-7  # mean square below which a frame is silent whatever is around it, -70 dB
_BLOCK_FRAMES = 64  # whose spectra fit in a core's cache
# Shifts are kept as unsigned numbers: frames of the longest clip that there may be.
_MAX_FRAMES = 2**16


class Landmarks(NamedTuple):
    """Of the frames of one clip that sound."""

    bits: Bits
    beside: Bits
    """Those of a frame 0.37 s later; of one so much earlier where that is a pause; its own where both are."""
    weak: npt.NDArray[np.uint16]
    """Which bits are the weakest: 5 bits for the place of each."""
    frames: npt.NDArray[np.uint16]


def landmarks_of(waveform: Array) -> Landmarks:
    """The landmarks of a waveform `(samples,)` at `RATE`, of at most 20 minutes."""
    padded = np.pad(waveform, (0, max(0, _N_FFT + HOP - len(waveform))))
    windows = np.lib.stride_tricks.sliding_window_view(padded, _N_FFT)[::HOP]
    assert len(windows) <= _MAX_FRAMES
    squares = np.concatenate([[0.0], np.cumsum(np.square(padded, dtype=np.float64))])
    starts = np.arange(len(windows)) * HOP
    mean_square = (squares[starts + _N_FFT] - squares[starts]) / _N_FFT
    is_sounding = mean_square > max(_SILENCE, float(mean_square.max()) * 10 ** (-_PAUSE_DB / 10))
    # Spectra of these and of the frames before them; most clips of events are pause for the larger part.
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
    """The bits of frames that are not far from these, from which their own are quite independent."""
    beside = bits
    for n_later in (-_BESIDE_FRAMES, _BESIDE_FRAMES):
        places = np.minimum(np.searchsorted(frames, frames + n_later), len(frames) - 1)
        beside = np.where(frames[places] == frames + n_later, bits[places], beside)
    return beside


def _energy(windows: Array) -> Array:
    """Of the 33 bands, `(frames, bands)`."""
    windowed = windows * _window()
    # Half of a window laid on the other: every other bin of the whole window's spectrum, for half of the work.
    spectrum = np.fft.rfft(windowed[:, : _N_FFT // 2] + windowed[:, _N_FFT // 2 :])
    power = np.square(spectrum.real) + np.square(spectrum.imag)
    energy: Array = np.add.reduceat(power, _band_edges(), axis=1)[:, :-1]
    return energy


@lru_cache(maxsize=1)
def _window() -> Array:
    return np.hanning(_N_FFT).astype(np.float32)


@lru_cache(maxsize=1)
def _band_edges() -> npt.NDArray[np.intp]:
    """Bins at which the 33 bands begin, evenly in the logarithm of frequency, and where the last one ends."""
    edges_hz = np.geomspace(_LOW_HZ, _HIGH_HZ, N_BITS + 2)
    return np.round(edges_hz * (_N_FFT // 2) / RATE).astype(np.intp)
