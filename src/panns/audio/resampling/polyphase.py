"""Sample-rate conversion for live sound, whose state is a value: it can be kept, saved, forked and gone back to.

Whole sounds go through soxr (`resample.py`), which is faster but hides its state. Both filters have the same shape.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from math import ceil, gcd, log10

import numpy as np
from numpy.typing import NDArray

from panns.audio.decoding.samples import Waveform

# Where soxr's HQ has fallen to a half, as a part of half the lower rate: amid its pass band's end, 0.9137, and 1.
_CUTOFF = 0.956872
# soxr's short filters between the ratios that are not simple lose 0.01 dB below the end of the pass band. Weights of
# `cos(pi m f / 2) - 1`, m = 1, 2, ..., f = 1 at half the lower rate, fitted to the answers of libsoxr 0.1.3 to impulses
# from 44.1 and from 11.025 to 16 kHz; what is left is 1e-5 and 3e-5 of the response.
_FALL_DOWN = (0.0199156, -0.0106333, 0.00342648, -0.00052011)
_FALL_UP = (0.0488201, -0.0281775, 0.0103077, -0.00184742)
# Rows of the coefficient table per sample at the lower rate; rates that need more get theirs by linear interpolation,
# whose error is 0.4 / 2048² of the largest coefficient, 1e-7. The table stays below 2 MB whatever the rates.
_ROWS_PER_SAMPLE = 2048
# Coefficients in use at a time: 256 kB of them, and as much of the sound, stay in the processor's cache. Blocks of 2 MB
# take seven times as long.
_BLOCK_COEFFICIENTS = 1 << 16


@dataclass(frozen=True, eq=False)
class PolyphaseState:
    """Where a stream stands: everything that its past still has to say about its future.

    Attributes:
        n_in: How many samples have come in, a Python integer, which no length of stream overflows or rounds.
        tail: The latest of them, float32 and read-only, always as many; zeros stand for those before the start.
    """

    n_in: int
    tail: Waveform

    def __post_init__(self) -> None:
        self.tail.setflags(write=False)


class PolyphaseResampler:
    """Turns a mono waveform at one rate into the same at another; holds coefficients only and serves any streams.

    Sample `n` of the result lies at `n / to_rate` seconds (linear phase, no delay); what lies outside the sound is
    zero. However a sound is cut, its result is the same bit for bit: every sample is one dot product of one length.

    Largest difference from soxr's HQ, for 8, 22.05, 44.1, 48 and 96 kHz to 16 kHz and for 44.1 and 48 to 32 kHz: 1e-5
    on noise over the full band of rms 0.3, 5e-5 on a chirp of amplitude 0.9; for 11.025 to 16 kHz 4e-5 and 1.2e-4.
    Two things remain. When a sound begins at once, soxr's first 2 to 20 samples are not those of its own filter, by up
    to 2e-2. And ratios such as 20 to 16 kHz, for which soxr's pass band falls by another hundredth of a decibel than
    for these, differ by 3e-4 on such noise.

    Attributes:
        latency_s: How far the filter looks ahead, half its length: 6.4 ms from 44.1 to 16 kHz. 0 for equal rates.

    Example:
        >>> resampler = PolyphaseResampler(48_000, 16_000)
        >>> first, state = resampler.push(np.zeros(1_000, dtype=np.float32), resampler.initial_state())
        >>> second, state = resampler.push(np.zeros(500, dtype=np.float32), state)
        >>> len(first), len(second), len(resampler.finish(state))
        (237, 166, 97)
    """

    def __init__(self, from_rate: int, to_rate: int) -> None:
        for rate in (from_rate, to_rate):
            if rate <= 0:
                raise ValueError(f"a sample rate of {rate} Hz is impossible; use a positive number")
        self.from_rate = from_rate
        self.to_rate = to_rate
        divisor = gcd(from_rate, to_rate)
        # `_step / _phases` samples come in for each that goes out.
        self._step, self._phases = from_rate // divisor, to_rate // divisor
        self._n_ahead, self._rows, self._table = 0, 0, np.zeros((1, 1), dtype=np.float32)
        if from_rate != to_rate:
            self._n_ahead, self._rows, self._table = _coefficients(self._step, self._phases)
        if self._rows == self._phases:
            # In the order of outputs, so that they are a slice: gathering 368 kB for 10 ms takes longer than the sums.
            outputs = np.arange(self._phases + _BLOCK_COEFFICIENTS // self._table.shape[1] + 1, dtype=np.int64)
            self._in_order = _frozen(self._table[outputs * self._step % self._phases])
        self.latency_s = self._n_ahead / from_rate

    def initial_state(self) -> PolyphaseState:
        """Return the state of a stream of which nothing has come yet."""
        return PolyphaseState(0, np.zeros(self._table.shape[1] - 1, dtype=np.float32))

    def check(self, state: PolyphaseState) -> None:
        """Refuse the state of a resampler between other rates.

        Raises:
            ValueError: it keeps another number of samples.
        """
        n_kept = self._table.shape[1] - 1
        if len(state.tail) != n_kept:
            raise ValueError(
                f"a state that keeps {len(state.tail)} samples is not one from {self.from_rate} to {self.to_rate} Hz, "
                f"which keeps {n_kept}; use the resampler that it came from"
            )

    def push(self, samples: Waveform, state: PolyphaseState) -> tuple[Waveform, PolyphaseState]:
        """Return what these samples `(n,)`, any number of them, make known, and the state after them.

        Raises:
            ValueError: the state is one of a resampler between other rates.
        """
        samples = np.asarray(samples, dtype=np.float32)
        n_in = state.n_in + len(samples)
        n_kept = self._table.shape[1] - 1
        self.check(state)
        if self.from_rate == self.to_rate:
            return samples, PolyphaseState(n_in, state.tail)
        known = np.concatenate([state.tail, samples])
        tail = known[len(known) - n_kept :].copy()  # a copy, or one sample more would keep all of a long push alive
        return self._between(known, state.n_in, n_in), PolyphaseState(n_in, tail)

    def finish(self, state: PolyphaseState) -> Waveform:
        """Return the rest, as if zeros came after the end; in all, as many samples as soxr gives for the sound."""
        n_total = (2 * state.n_in * self._phases + self._step) // (2 * self._step)
        rest, _ = self.push(np.zeros(self._n_ahead, dtype=np.float32), state)
        return rest[: n_total - self.n_out(state.n_in)]

    def n_out(self, n_in: int) -> int:
        """How many samples of the result are known once `n_in` have come."""
        return max(0, -((self._n_ahead - n_in) * self._phases // self._step))

    def _between(self, known: Waveform, n_before: int, n_after: int) -> Waveform:
        """Samples that become known between two counts of input, of which `known` begins `n_kept` before the first."""
        first = self.n_out(n_before)
        resampled = np.empty(self.n_out(n_after) - first, dtype=np.float32)
        if not len(resampled):
            return resampled
        n_taps = self._table.shape[1]
        windows = np.lib.stride_tricks.sliding_window_view(known, n_taps)
        n_rows = max(1, _BLOCK_COEFFICIENTS // n_taps)
        for start in range(0, len(resampled), n_rows):
            stop = min(start + n_rows, len(resampled))
            # The counts since the start stay Python integers; in numpy's are only distances within this block.
            whole, phase = divmod((first + start) * self._step, self._phases)
            offset = whole + self._n_ahead - n_before
            positions = phase + np.arange(stop - start, dtype=np.int64) * self._step
            # vecdot takes one row after the other, all of one length, so a sum does not know how many go beside it.
            # A matrix product orders its sums by its shape, and einsum's buffers may end amid a row.
            taps = self._taps(first + start, positions)
            np.vecdot(windows[offset + positions // self._phases], taps, out=resampled[start:stop])
        return resampled

    def _taps(self, first: int, positions: NDArray[np.int64]) -> NDArray[np.float32]:
        """Coefficients of the outputs from one on, which lie at these parts (of `_phases`) of samples: `(n, taps)`."""
        if self._rows == self._phases:
            start = first % self._phases
            return self._in_order[start : start + len(positions)]
        phases = positions % self._phases
        rows, parts = np.divmod(phases * self._rows, self._phases)
        weights = (parts / self._phases).astype(np.float32)[:, None]
        taps: NDArray[np.float32] = self._table[rows] * (1 - weights)
        taps += self._table[rows + 1] * weights
        return taps


def _window(step: int, phases: int) -> tuple[float, float, tuple[float, ...]]:
    """The Kaiser window of soxr's filter at `step` samples in for `phases` out, and how the filter falls within it.

    Returns:
        Beta, half the length in samples at the lower rate, and the weights of the fall in the pass band.
    """
    halvings = 0
    while step >= 4 * phases:  # soxr halves the rate first, as often as it can
        step, phases = (step, 2 * phases) if step % 2 else (step // 2, phases)
        halvings += 1
    is_simple = max(step, phases) <= 4
    # 20 bits and one more are 126.4 dB; every stage that adds its error to the others' has that much less of it.
    extra_db = 20 * log10(halvings + 1) + (0.0 if is_simple else 6.02)
    beta = 13.04 + 0.1116 * extra_db
    # The rate at which soxr's filter runs, over the lower one. Its length there is a multiple of 4, and 1.
    if is_simple:
        oversampling = float(max(step, phases))
    else:
        oversampling = step / phases if step >= 2 * phases else 2 * max(1.0, step / phases)
    quarters = ceil((192.5 + 14.87 * (beta - 13.04)) * oversampling / 4)
    fall = () if is_simple else _FALL_DOWN if step > phases else _FALL_UP
    return beta, (4 * quarters + 1) / (2 * oversampling), fall


@lru_cache(maxsize=8)
def _coefficients(step: int, phases: int) -> tuple[int, int, NDArray[np.float32]]:
    """Samples that the filter looks ahead, rows to a sample, and the table `(rows + 1, taps)` for both ends of it."""
    beta, half_length, fall = _window(step, phases)
    stretch = max(1.0, step / phases)  # samples that come in per sample at the lower rate
    n_ahead = ceil(half_length * stretch)
    n_taps = -(-2 * n_ahead // 16) * 16  # whole cache lines: all rows lie alike in memory, for any dot product
    rows = min(phases, ceil(_ROWS_PER_SAMPLE / stretch))
    offsets = np.arange(n_taps) - (n_taps - n_ahead - 1)
    table = np.empty((rows + 1, n_taps), dtype=np.float32)
    for row in range(rows + 1):
        times = (row / rows - offsets) / stretch
        window = np.i0(beta * np.sqrt(np.maximum(0.0, 1 - (times / half_length) ** 2))) * (np.abs(times) < half_length)
        response = (1 - sum(fall)) * np.sinc(_CUTOFF * times)
        # A cosine over frequency is a pair of echoes over time, here half a sample further for each.
        for m, weight in enumerate(fall, start=1):
            response += weight / 2 * (np.sinc(_CUTOFF * (times - m / 2)) + np.sinc(_CUTOFF * (times + m / 2)))
        response *= window
        table[row] = response / response.sum()  # every phase passes a constant unchanged
    return n_ahead, rows, _frozen(table)


def _frozen(array: NDArray[np.float32]) -> NDArray[np.float32]:
    """The same array, read-only, since many streams share it."""
    array.setflags(write=False)
    return array
