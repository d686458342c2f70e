"""Landmarks of sounds, by which clips are found that may hold the same sound, without comparing each with each.

Haitsma and Kalker, "A Highly Robust Audio Fingerprinting System", ISMIR 2002: every frame has 32 bits, the signs of
differences of energy between neighbouring bands and neighbouring frames. Encoders, resamplers and gains leave most of
the bits of most frames as they are, and two sounds rarely share all bits of any. As in the paper a frame is also looked
up with its weakest bits turned. Whether clips that share frames are copies is told by their sound (`copies.py`).

Sounds with nothing between 250 Hz and 2.5 kHz, and steady ones without a change that an encoder keeps, have no frames
that are found again.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float32]
Bits = npt.NDArray[np.uint32]
Indices = npt.NDArray[np.int64]

RATE = 5_512  # Hz of the waveforms, as in the paper
_N_FFT, _HOP = 2048, 128
_N_BITS = 32
_LOW_HZ, _HIGH_HZ = 250.0, 2_500.0
_N_WEAK = 3
_BITS_OF_PLACE = 5
# Bits of pauses are those of noise: frames so far below the loudest are left out.
_PAUSE_DB = 40.0
_SILENCE = 1e-7  # mean square below which a frame is silent whatever is around it, -70 dB
_BLOCK_FRAMES = 64  # whose spectra fit in a core's cache

_MAX_LANDMARKS = 2**24  # 200 MB, and as much again while they are looked up
# Of more frames with the same bits than these not each is compared with each, but each with the next.
_MAX_ALIKE = 40
_MAX_FOUND_AT_ONCE = 2**20
_FEW_LANDMARKS = 64
_MAX_CANDIDATES_PER_CLIP = 8
# Shifts are kept as unsigned numbers: frames of the longest clip that there may be.
_MAX_FRAMES = 2**16


class Landmarks(NamedTuple):
    """Of the frames of one clip that sound."""

    bits: Bits
    weak: npt.NDArray[np.uint16]
    """Which bits are the weakest: 5 bits for the place of each."""
    frames: npt.NDArray[np.uint16]


class Candidate(NamedTuple):
    """Two clips that may hold the same sound, the lower index first."""

    one: int
    other: int
    shift_s: float
    """How much later it is in the other."""


def landmarks_of(waveform: Array) -> Landmarks:
    """The landmarks of a waveform `(samples,)` at `RATE`, of at most 20 minutes."""
    padded = np.pad(waveform, (0, max(0, _N_FFT + _HOP - len(waveform))))
    windows = np.lib.stride_tricks.sliding_window_view(padded, _N_FFT)[::_HOP]
    assert len(windows) <= _MAX_FRAMES
    squares = np.concatenate([[0.0], np.cumsum(np.square(padded, dtype=np.float64))])
    starts = np.arange(len(windows)) * _HOP
    mean_square = (squares[starts + _N_FFT] - squares[starts]) / _N_FFT
    is_sounding = mean_square > max(_SILENCE, float(mean_square.max()) * 10 ** (-_PAUSE_DB / 10))
    # Spectra of these and of the frames before them; most clips of events are pause for the larger part.
    frames = np.flatnonzero(is_sounding[1:]) + 1
    needed = np.union1d(frames, frames - 1)
    energy = np.concatenate(
        [_energy(windows[needed[start : start + _BLOCK_FRAMES]]) for start in range(0, len(needed), _BLOCK_FRAMES)]
        or [np.zeros((0, _N_BITS + 1), np.float32)]
    )
    places = np.searchsorted(needed, frames)
    falls = energy[:, :-1] - energy[:, 1:]
    changes = falls[places] - falls[places - 1]
    strength = np.abs(changes) / (energy[places, :-1] + energy[places, 1:] + np.float32(1e-20))
    weakest = np.argsort(strength, axis=1, kind="stable")[:, :_N_WEAK].astype(np.uint16)
    shifts = np.arange(_N_WEAK, dtype=np.uint16) * np.uint16(_BITS_OF_PLACE)
    bits: Bits = np.packbits(changes > 0, axis=1, bitorder="little").view(np.uint32)[:, 0]
    return Landmarks(bits, np.bitwise_or.reduce(weakest << shifts, axis=1), frames.astype(np.uint16))


class LandmarkIndex:
    """The landmarks of many clips, in bounded memory.

    Beyond `max_landmarks` only those stay whose bits end in zeros, more zeros the more there are: the same ones in all
    copies of a sound. Of two million clips of 10 s some 8 a clip stay, enough for good copies and not for bad ones.
    """

    def __init__(self, max_landmarks: int = _MAX_LANDMARKS) -> None:
        self._max_landmarks = max_landmarks
        self._mask = np.uint32(0)
        self._pieces: list[tuple[npt.NDArray[np.int32], Landmarks]] = []
        self._n_landmarks = 0
        self._n_clips = 0

    def add(self, clip: int, landmarks: Landmarks) -> None:
        """Add those of a clip, by its index, which is higher than those before."""
        self._n_clips += 1
        self._append(np.full(len(landmarks.bits), clip, np.int32), landmarks)
        while self._n_landmarks > self._max_landmarks:
            self._mask = self._mask << np.uint32(1) | np.uint32(1)
            pieces, self._pieces, self._n_landmarks = self._pieces, [], 0
            for clips, kept in pieces:
                self._append(clips, kept)

    def _append(self, clips: npt.NDArray[np.int32], landmarks: Landmarks) -> None:
        stays = (landmarks.bits & self._mask) == 0
        if stays.any():
            self._pieces.append((clips[stays], Landmarks(*(each[stays] for each in landmarks))))
            self._n_landmarks += int(stays.sum())

    def candidates(self) -> list[Candidate]:
        """Clips that share landmarks, those that share most first; at most 8 times as many as there are clips."""
        if not self._pieces:
            return []
        clips = np.concatenate([clips for clips, _ in self._pieces])
        bits, weak, frames = (
            np.concatenate(each) for each in zip(*(landmarks for _, landmarks in self._pieces), strict=True)
        )
        order = np.argsort(bits, kind="stable")  # equal ones stay in the order of clips and frames
        clips, bits, weak, frames = clips[order], bits[order], weak[order], frames[order]
        pairs, shifts, counts = _merged([_shared(clips, frames, *found) for found in _alike(bits, weak)])
        # Of every pair the shift that most of its shared landmarks have.
        by_count = np.lexsort((shifts, -counts, pairs))
        pairs, shifts, counts = pairs[by_count], shifts[by_count], counts[by_count]
        is_best = np.append(True, np.diff(pairs) > 0)[: len(pairs)]
        pairs, shifts, counts = pairs[is_best], shifts[is_best], counts[is_best]
        # Of long clips one landmark is shared by chance now and then; of short ones there are not many to be shared.
        n_of_clip = np.bincount(clips)
        is_short = np.minimum(n_of_clip[pairs >> 32], n_of_clip[pairs & 0xFFFFFFFF]) < _FEW_LANDMARKS
        is_likely = is_short | (counts > 1)
        pairs, shifts, counts = pairs[is_likely], shifts[is_likely], counts[is_likely]
        best = np.lexsort((pairs, -counts))[: _MAX_CANDIDATES_PER_CLIP * self._n_clips]
        return [
            Candidate(int(pair >> 32), int(pair & 0xFFFFFFFF), (2 * int(shift) + 0.5) * _HOP / RATE)
            for pair, shift in zip(pairs[best], shifts[best], strict=True)
        ]


def _alike(bits: Bits, weak: npt.NDArray[np.uint16]) -> Iterator[tuple[Indices, Indices]]:
    """Places of sorted landmarks with the same bits, also with weak bits of the first turned; some at a time."""
    for variant in range(2**_N_WEAK):
        wanted = bits.copy()
        for k in range(_N_WEAK):
            if variant >> k & 1:
                wanted ^= np.uint32(1) << ((weak >> (k * _BITS_OF_PLACE)) & 0x1F).astype(np.uint32)
        first, stop = np.searchsorted(bits, wanted, "left"), np.searchsorted(bits, wanted, "right")
        is_crowded = stop - first > _MAX_ALIKE
        if not variant:
            first = np.arange(1, len(bits) + 1)  # each pair once
            # A hum that many clips have, or very many copies of one sound, which are then all neighbours of another.
            stop = np.where(is_crowded, np.minimum(stop, first + 1), stop)
        else:
            stop = np.where(is_crowded, first, stop)
        n_found = np.cumsum(np.maximum(stop - first, 0))
        start = 0
        while start < len(bits):
            end = int(np.searchsorted(n_found, n_found[start] + _MAX_FOUND_AT_ONCE, "right"))
            n_each = np.maximum(stop[start:end] - first[start:end], 0)
            one = np.repeat(np.arange(start, end), n_each)
            within = np.arange(len(one)) - np.repeat(np.cumsum(n_each) - n_each, n_each)
            yield one, np.repeat(first[start:end], n_each) + within
            start = end


def _shared(
    clips: npt.NDArray[np.int32], frames: npt.NDArray[np.uint16], one: Indices, other: Indices
) -> tuple[Indices, Indices, Indices]:
    """Pairs of clips as one number, shifts and how often each occurs, from places of landmarks with the same bits."""
    is_pair = clips[one] != clips[other]
    one, other = one[is_pair], other[is_pair]
    is_swapped = clips[one] > clips[other]
    one, other = np.where(is_swapped, other, one), np.where(is_swapped, one, other)
    pairs = clips[one].astype(np.int64) << 32 | clips[other]
    # Encoders and resamplers move a sound by a part of a frame, so neighbouring shifts are one.
    shifts = (frames[other].astype(np.int64) - frames[one].astype(np.int64)) // 2
    return _merged([(pairs, shifts, np.ones(len(pairs), np.int64))])


def _merged(found: list[tuple[Indices, Indices, Indices]]) -> tuple[Indices, Indices, Indices]:
    """The same with every pair and shift once, and its counts summed up."""
    pairs, shifts, counts = (np.concatenate(each) for each in zip(*found, strict=True))
    order = np.lexsort((shifts, pairs))
    pairs, shifts, counts = pairs[order], shifts[order], counts[order]
    is_first = np.append(True, (np.diff(pairs) > 0) | (np.diff(shifts) > 0))[: len(pairs)]
    starts = np.flatnonzero(is_first)
    return pairs[starts], shifts[starts], np.add.reduceat(counts, starts) if len(starts) else counts


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
    edges_hz = np.geomspace(_LOW_HZ, _HIGH_HZ, _N_BITS + 2)
    return np.round(edges_hz * (_N_FFT // 2) / RATE).astype(np.intp)
