"""Whether two clips hold the same sound, by their waveforms: also encoded again, resampled, louder, cut or shifted."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from panns.data.quality.copies.landmark_index import Candidate
from panns.data.sampling.groups import DisjointSets
from panns.system.parallel import ordered_map
from panns.system.progress import OnProgress, Progress

Array = npt.NDArray[np.float32]

RATE = 8_000  # telephone sound is compared with studio sound
# Low rumble, which correlates in all rooms, counts less: of different impacts up to 0.87 without it, 0.3 with it.
_PRE_EMPHASIS = 0.97
# How far the shift of the best likeness may be from that of the landmarks, whose frames are 0.37 s long.
_TOLERANCE_S = 0.1
# Copies by Vorbis, MP3 at the lowest bit rates, other sample rates and 20 dB of noise are 0.8 to 1 alike. The same
# event by two recorders is 0.5 to 0.7 alike; two takes of one speaker's word are up to 0.85, in half a second.
_NEEDED_IF_SHORT, _SHORT_S = 0.88, 1.0
_NEEDED_IF_LONG, _LONG_S = 0.5, 2.0
_MIN_OVERLAP_S = 0.5
_N_KEPT = 32  # waveforms, of 2 MB at most


def find_copies(
    candidates: Sequence[Candidate],
    load: Callable[[int], Array],
    *,
    n_threads: int,
    on_progress: OnProgress,
) -> Iterator[tuple[int, int]]:
    """Pairs of candidates that do hold the same sound.

    Args:
        candidates: What to compare.
        load: Gives the waveform of a clip at `RATE` by its index; called from several threads.
        n_threads: How many are compared at once.
        on_progress: Called with the candidates compared.
    """
    groups = _by_first(candidates)
    kept_load = lru_cache(maxsize=_N_KEPT)(load)

    def compare(i: int) -> list[tuple[int, int]]:
        one = kept_load(groups[i][0].one)
        return [
            (candidate.one, candidate.other)
            for candidate in groups[i]
            if is_same_sound(one, kept_load(candidate.other), candidate.shift_s)
        ]

    n_compared = 0
    for i, pairs in enumerate(ordered_map(compare, range(len(groups)), n_threads=n_threads)):
        yield from pairs
        n_compared += len(groups[i])
        on_progress(Progress(n_compared, len(candidates), "comparisons", "comparing clips"))


def _by_first(candidates: Sequence[Candidate]) -> list[list[Candidate]]:
    """Candidates with the same first clip duplicates, and clips that have to do with each other one after the other."""
    related = DisjointSets(1 + max((candidate.other for candidate in candidates), default=0))
    of_one: dict[int, list[Candidate]] = defaultdict(list)
    for candidate in candidates:
        related.join(candidate.one, candidate.other)
        of_one[candidate.one].append(candidate)
    return [of_one[one] for one in sorted(of_one, key=lambda one: (related.lowest(one), one))]


def is_same_sound(one: Array, other: Array, shift_s: float) -> bool:
    """Whether two waveforms `(samples,)` at `RATE` hold the same sound, in the other later by about `shift_s`."""
    value, overlap_s = likeness(one, other, shift_s)
    return value >= float(np.interp(overlap_s, (_SHORT_S, _LONG_S), (_NEEDED_IF_SHORT, _NEEDED_IF_LONG)))


def likeness(one: Array, other: Array, shift_s: float) -> tuple[float, float]:
    """How alike two waveforms are where they overlap, at the best shift within 0.1 s of `shift_s`.

    Args:
        one: `(samples,)` at `RATE`.
        other: The same.
        shift_s: How much later it is in the other; negative where it is earlier.

    Returns:
        The normalised cross-correlation of the two with their low frequencies attenuated, without its sign, from 0 to
        1; and the length of the overlap in seconds. Nothing is alike in less than half a second, or in less than nine
        tenths of a shorter sound.
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
    correlation = np.fft.irfft(spectrum, n_fft)[lags]  # a negative lag counts from the end, where it stands
    energy_of_first, energy_of_second = _energies(first), _energies(second)
    energy = (energy_of_first[stop] - energy_of_first[start]) * (
        energy_of_second[stop + lags] - energy_of_second[start + lags]
    )
    # What is a thousandth as loud as the rest is rounding of the transform, not sound.
    is_sound = energy > 1e-12 * energy_of_first[-1] * energy_of_second[-1]
    values = np.where(is_sound, np.abs(correlation) / np.sqrt(np.where(is_sound, energy, 1.0)), 0.0)
    best = int(values.argmax())
    return min(float(values[best]), 1.0), float(overlap[best]) / RATE


def _energies(waveform: Array) -> npt.NDArray[np.float64]:
    """Of the first 0, 1, 2, ... samples."""
    return np.concatenate([[0.0], np.cumsum(np.square(waveform, dtype=np.float64))])
