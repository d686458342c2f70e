"""Landmarks of sounds, by which clips are found that may hold the same sound, without comparing each with each.

Haitsma and Kalker, "A Highly Robust Audio Fingerprinting System", ISMIR 2002: every frame has 32 bits, the signs of
differences of energy between neighbouring bands (300 Hz to 2 kHz) and neighbouring frames. Encoders, resamplers and
gains leave many frames of a sound with the same bits, and two sounds rarely share any. Whether clips that share some
are copies is not told here, but by their sound (`copies.py`).

Sounds with nothing between 300 Hz and 2 kHz, and steady ones without a change that an encoder keeps, have no landmarks
that are found again.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from functools import lru_cache
from itertools import pairwise
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float32]
Bits = npt.NDArray[np.uint32]
Frames = npt.NDArray[np.uint16]

RATE = 5_512  # Hz of the waveforms, as in the paper
_N_FFT, _HOP = 2048, 64
_N_BITS = 32
_LOW_HZ, _HIGH_HZ = 300.0, 2_000.0
# Bits of pauses are those of noise: frames so far below the loudest are left out.
_PAUSE_DB = 40.0
_SILENCE = 1e-7  # mean square below which a frame is silent whatever is around it, -70 dB
_BLOCK_FRAMES = 64  # whose spectra fit in a core's cache

# Landmarks that are kept: 170 MB, and as much again while they are sorted.
_MAX_LANDMARKS = 2**24
# Bits of so many clips or fewer are compared each with each; of more, each with the next.
_MAX_EACH_WITH_EACH = 40
# The best candidates are kept, so many for each clip.
_MAX_CANDIDATES_PER_CLIP = 8


class Landmarks(NamedTuple):
    """Of one clip: the bits of frames, and the frames' numbers."""

    bits: Bits
    frames: Frames


class Candidate(NamedTuple):
    """Two clips that may hold the same sound, the lower index first."""

    one: int
    other: int
    shift_s: float
    """How much later it is in the other."""


def landmarks_of(waveform: Array) -> Landmarks:
    """The landmarks of a waveform `(samples,)` at `RATE`, of at most 12 minutes: one for every frame that sounds."""
    padded = np.pad(waveform, (0, max(0, _N_FFT + _HOP - len(waveform))))
    windows = np.lib.stride_tricks.sliding_window_view(padded, _N_FFT)[::_HOP]
    squares = np.concatenate([[0.0], np.cumsum(np.square(padded, dtype=np.float64))])
    starts = np.arange(len(windows)) * _HOP
    mean_square = (squares[starts + _N_FFT] - squares[starts]) / _N_FFT
    is_sounding = mean_square > max(_SILENCE, float(mean_square.max()) * 10 ** (-_PAUSE_DB / 10))
    # Of a frame with the one before it; of most recordings of events, the larger part is pause.
    frames = np.flatnonzero(is_sounding[1:]) + 1
    needed = np.union1d(frames, frames - 1)
    energy = np.empty((len(needed), _N_BITS + 1), np.float32)
    for start in range(0, len(needed), _BLOCK_FRAMES):
        windowed = windows[needed[start : start + _BLOCK_FRAMES]] * _window()
        # Half a window upon the other: every other bin of the whole window's transform, at half its price.
        spectrum = np.fft.rfft(windowed[:, : _N_FFT // 2] + windowed[:, _N_FFT // 2 :])
        power = np.square(spectrum.real) + np.square(spectrum.imag)
        energy[start : start + _BLOCK_FRAMES] = np.add.reduceat(power, _band_edges(), axis=1)[:, :-1]
    steps = energy[:, :-1] - energy[:, 1:]
    places = np.searchsorted(needed, frames)
    signs = (steps[places] - steps[places - 1]) > 0
    bits: Bits = np.packbits(signs, axis=1, bitorder="little").view(np.uint32)[:, 0]
    return Landmarks(bits, frames.astype(np.uint16))


class LandmarkIndex:
    """The landmarks of many clips, in bounded memory.

    Beyond `max_landmarks` only those stay whose bits end in zeros, more zeros the more there are: the same ones in all
    copies of a sound. For two million clips of 10 s some 8 of a clip stay, enough for copies of which at least every
    fourth frame has all of its bits right (as at moderate bit rates), and not for worse ones.
    """

    def __init__(self, max_landmarks: int = _MAX_LANDMARKS) -> None:
        self._max_landmarks = max_landmarks
        self._mask = np.uint32(0)
        self._pieces: list[tuple[Bits, Frames, npt.NDArray[np.int32]]] = []
        self._n_landmarks = 0
        self._n_clips = 0

    def add(self, clip: int, landmarks: Landmarks) -> None:
        """Add those of a clip, by its index."""
        self._n_clips += 1
        bits, frames = landmarks
        self._append(bits, frames, np.full(len(bits), clip, np.int32))
        while self._n_landmarks > self._max_landmarks:
            self._mask = self._mask << np.uint32(1) | np.uint32(1)
            pieces, self._pieces, self._n_landmarks = self._pieces, [], 0
            for piece in pieces:
                self._append(*piece)

    def _append(self, bits: Bits, frames: Frames, clips: npt.NDArray[np.int32]) -> None:
        stays = (bits & self._mask) == 0
        if stays.any():
            self._pieces.append((bits[stays], frames[stays], clips[stays]))
            self._n_landmarks += len(self._pieces[-1][0])

    def candidates(self) -> list[Candidate]:
        """Clips that share landmarks, those that share most first."""
        if not self._pieces:
            return []
        bits, frames, clips = (np.concatenate(each) for each in zip(*self._pieces, strict=True))
        order = np.lexsort((clips, bits))
        bits, frames, clips = bits[order], frames[order], clips[order]
        shared: Counter[tuple[int, int, int]] = Counter()
        for start, stop in _runs_of_several(bits, clips):
            shared.update(_shared_in(clips[start:stop], frames[start:stop]))
        best: dict[tuple[int, int], tuple[int, int]] = {}
        for (one, other, shift), count in shared.items():
            if count > best.get((one, other), (0, 0))[0]:
                best[one, other] = (count, shift)
        ranked = sorted(best.items(), key=lambda item: (-item[1][0], item[0]))
        # Encoders and resamplers move a sound by a part of a frame, so neighbouring shifts are counted as one.
        return [
            Candidate(one, other, (2 * shift + 0.5) * _HOP / RATE)
            for (one, other), (_, shift) in ranked[: _MAX_CANDIDATES_PER_CLIP * self._n_clips]
        ]


def _runs_of_several(bits: Bits, clips: npt.NDArray[np.int32]) -> list[tuple[int, int]]:
    """Where the same bits of more than one clip lie side by side, sorted."""
    starts = np.append(0, np.flatnonzero(np.diff(bits)) + 1)
    stops = np.append(starts[1:], len(bits))
    chosen = clips[starts] != clips[stops - 1]
    return list(zip(starts[chosen].tolist(), stops[chosen].tolist(), strict=True))


def _shared_in(clips: npt.NDArray[np.int32], frames: Frames) -> Iterator[tuple[int, int, int]]:
    """Pairs of clips with the same bits, and how much later the second has them, in steps of two frames."""
    firsts = np.flatnonzero(np.append(True, np.diff(clips) > 0))
    if len(firsts) > _MAX_EACH_WITH_EACH:
        # A hum that many clips have, or very many copies of one sound: these are all neighbours of each other.
        pairs = list(pairwise(firsts.tolist()))
    else:
        # Of steady stretches, in which one clip has the same bits again and again, a few are enough.
        kept = [i for i, clip in enumerate(clips) if i < 4 or clips[i - 4] != clip]
        pairs = [(i, j) for place, i in enumerate(kept) for j in kept[place + 1 :] if clips[i] != clips[j]]
    for i, j in pairs:
        yield int(clips[i]), int(clips[j]), (int(frames[j]) - int(frames[i])) // 2


@lru_cache(maxsize=1)
def _window() -> Array:
    return np.hanning(_N_FFT).astype(np.float32)


@lru_cache(maxsize=1)
def _band_edges() -> npt.NDArray[np.intp]:
    """Bins at which the 33 bands begin, evenly in the logarithm of frequency, and where the last one ends."""
    edges_hz = np.geomspace(_LOW_HZ, _HIGH_HZ, _N_BITS + 2)
    return np.round(edges_hz * (_N_FFT // 2) / RATE).astype(np.intp)
