"""Fingerprints of sounds, by which copies are found that were encoded again, resampled, made louder or cut.

Haitsma and Kalker, "A Highly Robust Audio Fingerprinting System", ISMIR 2002: for every frame 32 bits, the signs of
differences of energy between neighbouring bands (300 Hz to 2 kHz) and neighbouring frames. Two clips are compared where
a frame of both has the same bits, and are copies if few bits differ along the whole overlap.

What it finds: the same recording at another rate, level or bit rate, and shifted. What it does not: at another speed or
pitch, under another sound, a stretch of less than a second, and sounds with nothing between 300 Hz and 2 kHz.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import lru_cache

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float32]
Bits = npt.NDArray[np.uint32]

RATE = 5_512  # Hz of the waveforms, as in the paper
_N_FFT, _HOP = 2048, 64
_N_BITS = 32
_LOW_HZ, _HIGH_HZ = 300.0, 2_000.0
# Bits of pauses are those of noise: frames so far below the loudest are left out.
_PAUSE_DB = 40.0
_SILENCE = 1e-7  # mean square below which a frame is silent whatever is around it, -70 dB
# So many frames are looked up at most, 200 MB: of more, only those whose bits end in zeros, the same in both copies.
_MAX_LOOKED_UP = 2**24
# Bits that are in more clips than this are those of steady tones, and tell nothing.
_MAX_CLIPS_OF_BITS = 40
_MIN_SHARED = 2
_MIN_OVERLAP = round(1.0 * RATE / _HOP)
# The paper accepts 0.35 against chance matches of any recording; here every clip of a data set is compared with every
# other, so less is accepted. Copies by another encoder at another rate differ by 0.04, at most 0.13 (400 clips).
_MAX_ERROR_RATE = 0.27


class Fingerprint:
    """Of one clip.

    Attributes:
        bits: `(frames,)`.
        is_sounding: `(frames,)`.
    """

    __slots__ = ("bits", "is_sounding")

    def __init__(self, waveform: Array) -> None:
        """Take the fingerprint of a waveform `(samples,)` at `RATE`."""
        padded = np.pad(waveform, (0, max(0, _N_FFT + _HOP - len(waveform))))
        frames = np.lib.stride_tricks.sliding_window_view(padded, _N_FFT)[::_HOP]
        energies, powers = [], []
        for start in range(0, len(frames), 64):
            block = frames[start : start + 64]
            powers.append(np.square(block).mean(axis=1))
            spectrum = np.fft.rfft(block * _window())
            power = np.square(spectrum.real) + np.square(spectrum.imag)
            energies.append(np.add.reduceat(power, _band_edges(), axis=1)[:, :-1])
        energy = np.concatenate(energies)
        steps = energy[:, :-1] - energy[:, 1:]
        signs = (steps[1:] - steps[:-1]) > 0
        self.bits: Bits = np.packbits(signs, axis=1, bitorder="little").view(np.uint32)[:, 0]
        mean_square = np.concatenate(powers)[1:]
        self.is_sounding = mean_square > max(_SILENCE, float(mean_square.max()) * 10 ** (-_PAUSE_DB / 10))


def find_copies(fingerprints: Sequence[Fingerprint | None]) -> list[tuple[int, int]]:
    """Pairs of clips that are copies of each other, as indices, the lower one first.

    Args:
        fingerprints: Of all clips; None for one that could not be read.
    """
    bits, clips, frames = _looked_up(fingerprints)
    order = np.argsort(bits, kind="stable")
    bits, clips, frames = bits[order], clips[order], frames[order]
    shared: dict[tuple[int, int, int], int] = {}
    for start, stop in _runs_of_several(bits, clips):
        its_clips, its_frames = clips[start:stop], frames[start:stop]
        if len(np.unique(its_clips)) > _MAX_CLIPS_OF_BITS:
            continue
        first, second = np.triu_indices(stop - start, 1)
        is_pair = its_clips[first] != its_clips[second]
        for i, j in zip(first[is_pair], second[is_pair], strict=True):
            (one, at), (other, there) = sorted(((int(its_clips[i]), its_frames[i]), (int(its_clips[j]), its_frames[j])))
            # Encoders and resamplers move a sound by a part of a frame, so neighbouring shifts are one.
            key = (one, other, (int(there) - int(at)) // 2)
            shared[key] = shared.get(key, 0) + 1
    copies = set()
    for (one, other, shift), n_shared in shared.items():
        if n_shared < _MIN_SHARED or (one, other) in copies:
            continue
        mine, its = fingerprints[one], fingerprints[other]
        assert mine is not None
        assert its is not None
        if min(_error_rate(mine, its, 2 * shift + rest) for rest in (-1, 0, 1, 2)) < _MAX_ERROR_RATE:
            copies.add((one, other))
    return sorted(copies)


def _looked_up(
    fingerprints: Sequence[Fingerprint | None],
) -> tuple[Bits, npt.NDArray[np.int32], npt.NDArray[np.int32]]:
    """Bits, clip and frame of all frames that are looked up."""
    n_sounding = sum(int(one.is_sounding.sum()) for one in fingerprints if one is not None)
    mask = np.uint32(2 ** max(0, math.ceil(math.log2(max(1, n_sounding) / _MAX_LOOKED_UP))) - 1)
    pieces = []
    for clip, one in enumerate(fingerprints):
        if one is not None:
            frames = np.flatnonzero(one.is_sounding & ((one.bits & mask) == 0)).astype(np.int32)
            pieces.append((one.bits[frames], np.full(len(frames), clip, np.int32), frames))
    if not pieces:
        return np.zeros(0, np.uint32), np.zeros(0, np.int32), np.zeros(0, np.int32)
    bits, clips, places = (np.concatenate(each) for each in zip(*pieces, strict=True))
    return bits, clips, places


def _runs_of_several(bits: Bits, clips: npt.NDArray[np.int32]) -> list[tuple[int, int]]:
    """Where the same bits lie side by side in sorted frames of more than one clip, if not of very many."""
    if not len(bits):
        return []
    starts = np.append(0, np.flatnonzero(np.diff(bits)) + 1)
    stops = np.append(starts[1:], len(bits))
    is_of_several = np.minimum.reduceat(clips, starts) != np.maximum.reduceat(clips, starts)
    chosen = is_of_several & (stops - starts <= 4 * _MAX_CLIPS_OF_BITS)
    return list(zip(starts[chosen].tolist(), stops[chosen].tolist(), strict=True))


def _error_rate(one: Fingerprint, other: Fingerprint, shift: int) -> float:
    """Share of bits that differ where both sound, the second later by `shift` frames; 1 for too short an overlap."""
    first, last = max(0, -shift), min(len(one.bits), len(other.bits) - shift)
    if last - first < 1:
        return 1.0
    mine, its = slice(first, last), slice(first + shift, last + shift)
    both = one.is_sounding[mine] & other.is_sounding[its]
    # A second at least, or all that sounds of the shorter.
    needed = min(_MIN_OVERLAP, int(one.is_sounding.sum()), int(other.is_sounding.sum()))
    if both.sum() < max(needed, _MIN_SHARED):
        return 1.0
    different = np.bitwise_count(one.bits[mine][both] ^ other.bits[its][both])
    return float(different.mean()) / _N_BITS


@lru_cache(maxsize=1)
def _window() -> Array:
    return np.hanning(_N_FFT).astype(np.float32)


@lru_cache(maxsize=1)
def _band_edges() -> npt.NDArray[np.intp]:
    """Bins at which the 33 bands begin, evenly in the logarithm of frequency, and where the last one ends."""
    edges_hz = np.geomspace(_LOW_HZ, _HIGH_HZ, _N_BITS + 2)
    return np.round(edges_hz * _N_FFT / RATE).astype(np.intp)
