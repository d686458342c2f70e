"""Compare the waveforms of two clips, to confirm that they hold the same sound.

The comparison tolerates another encoding, sample rate or level, cuts and shifts.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from panns.data.quality.duplicates.landmark_index import Candidate
from panns.data.sampling.groups import DisjointSets
from panns.system.arrays import Array
from panns.system.parallel import ordered_map
from panns.system.progress import OnProgress, Progress

RATE = 8_000  # Hz of the compared waveforms; low enough to compare telephone sound with studio sound
# Pre-emphasis attenuates low rumble, which is similar in all rooms: different impacts correlate up to 0.87 without it,
# and up to 0.3 with it.
_PRE_EMPHASIS = 0.97
# Distance of the best shift from the shift of the landmarks, whose frames are 0.37 s long.
_TOLERANCE_S = 0.1
# Similarity of copies by Vorbis, MP3 at the lowest bit rates, other sample rates and 20 dB of noise: 0.8 to 1. Of one
# event by two recorders: 0.5 to 0.7. Of two takes of a word by one speaker: up to 0.85, for half a second.
_THRESHOLD_IF_SHORT, _SHORT_S = 0.88, 1.0
_THRESHOLD_IF_LONG, _LONG_S = 0.5, 2.0
_MIN_OVERLAP_S = 0.5
_N_CACHED = 32  # waveforms of 2 MB at most


def find_duplicates(
    candidates: Sequence[Candidate],
    load: Callable[[int], Array],
    *,
    n_threads: int,
    on_progress: OnProgress,
) -> Iterator[tuple[int, int]]:
    """Yield the pairs of candidates that hold the same sound.

    Args:
        candidates: Pairs of clips to compare.
        load: Loads the waveform of a clip at `RATE` by its index; called from several threads.
        n_threads: Number of comparisons at once.
        on_progress: Called with the number of comparisons made.
    """
    groups = _group_by_first(candidates)
    load_cached = lru_cache(maxsize=_N_CACHED)(load)

    def compare(i: int) -> list[tuple[int, int]]:
        one = load_cached(groups[i][0].one)
        return [
            (candidate.one, candidate.other)
            for candidate in groups[i]
            if is_same_sound(one, load_cached(candidate.other), candidate.shift_s)
        ]

    n_compared = 0
    for i, pairs in enumerate(ordered_map(compare, range(len(groups)), n_threads=n_threads)):
        yield from pairs
        n_compared += len(groups[i])
        on_progress(Progress(n_compared, len(candidates), "comparisons", "comparing clips"))


def _group_by_first(candidates: Sequence[Candidate]) -> list[list[Candidate]]:
    """Group candidates by their first clip, and order the groups so that connected clips follow each other."""
    related = DisjointSets(1 + max((candidate.other for candidate in candidates), default=0))
    of_one: dict[int, list[Candidate]] = defaultdict(list)
    for candidate in candidates:
        related.join(candidate.one, candidate.other)
        of_one[candidate.one].append(candidate)
    return [of_one[one] for one in sorted(of_one, key=lambda one: (related.lowest(one), one))]


def is_same_sound(one: Array, other: Array, shift_s: float) -> bool:
    """True if two waveforms `(samples,)` at `RATE` hold the same sound, later by about `shift_s` in `other`."""
    value, overlap_s = similarity(one, other, shift_s)
    return value >= float(np.interp(overlap_s, (_SHORT_S, _LONG_S), (_THRESHOLD_IF_SHORT, _THRESHOLD_IF_LONG)))


def similarity(one: Array, other: Array, shift_s: float) -> tuple[float, float]:
    """Similarity of two waveforms where they overlap, at the best shift within 0.1 s of `shift_s`.

    Args:
        one: First waveform, `(samples,)` at `RATE`.
        other: Second waveform, `(samples,)` at `RATE`.
        shift_s: Delay of the sound in the second waveform, in seconds; negative if it comes earlier there.

    Returns:
        Absolute normalised cross-correlation of the pre-emphasised waveforms, from 0 to 1, and the length of the
        overlap in seconds. Both are 0 if the overlap is shorter than half a second and than nine tenths of the shorter
        sound.
    """
    first, second = (wave[1:] - np.float32(_PRE_EMPHASIS) * wave[:-1] for wave in (one, other))
    lags = np.arange(math.floor((shift_s - _TOLERANCE_S) * RATE), math.ceil((shift_s + _TOLERANCE_S) * RATE) + 1)
    start = np.clip(-lags, 0, len(first))
    stop = np.clip(len(second) - lags, 0, len(first))
    overlap = stop - start
    is_long_enough = overlap >= max(1, min(_MIN_OVERLAP_S * RATE, 0.9 * len(first), 0.9 * len(second)))
    lags, start, stop, overlap = (each[is_long_enough] for each in (lags, start, stop, overlap))
    if not len(lags):
        return 0.0, 0.0
    n_fft = 2 ** math.ceil(math.log2(len(first) + len(second)))
    spectrum = np.conj(np.fft.rfft(first, n_fft)) * np.fft.rfft(second, n_fft)
    correlation = np.fft.irfft(spectrum, n_fft)[lags]  # negative lags are at the end of the array
    energy_of_first, energy_of_second = _energies(first), _energies(second)
    energy = (energy_of_first[stop] - energy_of_first[start]) * (
        energy_of_second[stop + lags] - energy_of_second[start + lags]
    )
    # A part at a thousandth of the level of the rest is rounding error of the transform.
    is_sound = energy > 1e-12 * energy_of_first[-1] * energy_of_second[-1]
    values = np.where(is_sound, np.abs(correlation) / np.sqrt(np.where(is_sound, energy, 1.0)), 0.0)
    best = int(values.argmax())
    return min(float(values[best]), 1.0), float(overlap[best]) / RATE


def _energies(waveform: Array) -> npt.NDArray[np.float64]:
    """Energy of the first 0, 1, 2, ... samples."""
    return np.concatenate([[0.0], np.cumsum(np.square(waveform, dtype=np.float64))])
