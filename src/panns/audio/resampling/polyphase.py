"""Sample-rate conversion for streams, with a state that is a value: it can be saved, restored and forked.

Whole sounds go through soxr (`resample.py`), which is faster but hides its state. Both filters have the same response.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from math import ceil, gcd, log10

import numpy as np
from numpy.typing import NDArray

from panns.audio.decoding.samples import Waveform

# Frequency at which soxr's HQ has fallen to a half, relative to half the lower rate: midway between the end of its pass
# band, 0.9137, and 1.
_CUTOFF = 0.956872
# soxr's short filters between the ratios that are not simple lose 0.01 dB below the end of the pass band. Weights of
# `cos(pi m f / 2) - 1`, m = 1, 2, ..., f = 1 at half the lower rate, fitted to the impulse
# responses of libsoxr 0.1.3 from 44.1 and from 11.025 to 16 kHz; the residual is 1e-5 and 3e-5 of the response.
_FALL_DOWN = (0.0199156, -0.0106333, 0.00342648, -0.00052011)
_FALL_UP = (0.0488201, -0.0281775, 0.0103077, -0.00184742)
# Rows of the coefficient table per sample at the lower rate. Rates that need more use linear interpolation, whose error
# is 0.4 / 2048² of the largest coefficient, 1e-7. The table stays below 2 MB for any rates.
_ROWS_PER_SAMPLE = 2048
# Coefficients in use at a time: 256 kB of them, and as much of the sound, stay in the processor's cache. Blocks of 2 MB
# take seven times as long.
_BLOCK_COEFFICIENTS = 1 << 16


@dataclass(frozen=True, eq=False)
class PolyphaseState:
    """State of one stream between two pushes.

    Attributes:
        n_in: Number of input samples so far, a Python integer, which never overflows or rounds.
        tail: The latest input samples, float32 and read-only, a fixed number; zeros before the start of the stream.
    """

    n_in: int
    tail: Waveform

    def __post_init__(self) -> None:
        self.tail.setflags(write=False)


class PolyphaseResampler:
    """Resampler of any number of mono streams; it holds only coefficients.

    Sample `n` of the output lies at `n / to_rate` seconds (linear phase, no delay); outside the sound the input is 0.
    The output is bit-identical for every way of cutting the input: each sample is one dot product of a fixed length.

    Largest difference from soxr's HQ, for 8, 22.05, 44.1, 48 and 96 kHz to 16 kHz and for 44.1 and 48 to 32 kHz: 1e-5
    on noise over the full band of rms 0.3, 5e-5 on a chirp of amplitude 0.9; for 11.025 to 16 kHz 4e-5 and 1.2e-4.
    Two differences remain. When a sound begins abruptly, soxr's first 2 to 20 samples deviate from its own filter by up
    to 2e-2. Ratios such as 20 to 16 kHz, where soxr's pass band falls by another hundredth of a decibel, differ by 3e-4
    on such noise.

    Attributes:
        latency_s: Look-ahead of the filter, half its length: 6.4 ms from 44.1 to 16 kHz, 0 for equal rates.

    Examples:
        >>> resampler = PolyphaseResampler(48_000, 16_000)
        >>> first, state = resampler.push(np.zeros(1_000, dtype=np.float32), resampler.initial_state())
        >>> second, state = resampler.push(np.zeros(500, dtype=np.float32), state)
        >>> len(first), len(second), len(resampler.finish(state))
        (237, 166, 97)
    """

    def __init__(self, from_rate: int, to_rate: int) -> None:
        for rate in (from_rate, to_rate):
            if rate <= 0:
                raise ValueError(f"a sample rate of {rate} Hz is out of range; use a positive number")
        self.from_rate = from_rate
        self.to_rate = to_rate
        divisor = gcd(from_rate, to_rate)
        # Each output sample takes `_step / _phases` input samples.
        self._step, self._phases = from_rate // divisor, to_rate // divisor
        self._n_ahead, self._rows, self._table = 0, 0, np.zeros((1, 1), dtype=np.float32)
        if from_rate != to_rate:
            self._n_ahead, self._rows, self._table = _coefficients(self._step, self._phases)
        if self._rows == self._phases:
            # In the order of outputs, so that rows form a slice: gathering 368 kB for 10 ms takes longer than the sums.
            outputs = np.arange(self._phases + _BLOCK_COEFFICIENTS // self._table.shape[1] + 1, dtype=np.int64)
            self._in_order = _frozen(self._table[outputs * self._step % self._phases])
        self.latency_s = self._n_ahead / from_rate

    def initial_state(self) -> PolyphaseState:
        """Return the state at the start of a stream."""
        return PolyphaseState(0, np.zeros(self._table.shape[1] - 1, dtype=np.float32))

    def check(self, state: PolyphaseState) -> None:
        """Refuse the state of a resampler with other rates.

        Raises:
            ValueError: The state has another number of samples.
        """
        n_kept = self._table.shape[1] - 1
        if len(state.tail) != n_kept:
            raise ValueError(
                f"a state with {len(state.tail)} samples does not fit a resampler from {self.from_rate} to "
                f"{self.to_rate} Hz, which needs {n_kept}; use the resampler that made the state"
            )

    def push(self, samples: Waveform, state: PolyphaseState) -> tuple[Waveform, PolyphaseState]:
        """Return the output samples that the input `(n,)` completes, and the state after it.

        Raises:
            ValueError: The state comes from a resampler with other rates.
        """
        samples = np.asarray(samples, dtype=np.float32)
        n_in = state.n_in + len(samples)
        n_kept = self._table.shape[1] - 1
        self.check(state)
        if self.from_rate == self.to_rate:
            return samples, PolyphaseState(n_in, state.tail)
        known = np.concatenate([state.tail, samples])
        tail = known[len(known) - n_kept :].copy()  # a copy, because a view would keep all of a long push in memory
        return self._between(known, state.n_in, n_in), PolyphaseState(n_in, tail)

    def finish(self, state: PolyphaseState) -> Waveform:
        """Return the remaining output, with zeros after the end. In total there are as many samples as from soxr."""
        n_total = (2 * state.n_in * self._phases + self._step) // (2 * self._step)
        rest, _ = self.push(np.zeros(self._n_ahead, dtype=np.float32), state)
        return rest[: n_total - self.n_out(state.n_in)]

    def n_out(self, n_in: int) -> int:
        """Number of complete output samples after `n_in` input samples."""
        return max(0, -((self._n_ahead - n_in) * self._phases // self._step))

    def _between(self, known: Waveform, n_before: int, n_after: int) -> Waveform:
        """Compute the outputs completed between two input counts; `known` begins `n_kept` samples before the first."""
        first = self.n_out(n_before)
        resampled = np.empty(self.n_out(n_after) - first, dtype=np.float32)
        if not len(resampled):
            return resampled
        n_taps = self._table.shape[1]
        windows = np.lib.stride_tricks.sliding_window_view(known, n_taps)
        n_rows = max(1, _BLOCK_COEFFICIENTS // n_taps)
        for start in range(0, len(resampled), n_rows):
            stop = min(start + n_rows, len(resampled))
            # Counts since the start stay Python integers; numpy integers hold only distances within this block.
            whole, phase = divmod((first + start) * self._step, self._phases)
            offset = whole + self._n_ahead - n_before
            positions = phase + np.arange(stop - start, dtype=np.int64) * self._step
            # vecdot sums row by row, so a sum does not depend on the number of rows. A matrix product orders its sums
            # by its shape, and the buffers of einsum may end within a row.
            taps = self._taps(first + start, positions)
            np.vecdot(windows[offset + positions // self._phases], taps, out=resampled[start:stop])
        return resampled

    def _taps(self, first: int, positions: NDArray[np.int64]) -> NDArray[np.float32]:
        """Coefficients `(n, taps)` of the outputs from `first` on, at `positions` in units of 1/`_phases` sample."""
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
    """Kaiser window of soxr's filter for `step` input samples per `phases` output samples.

    Returns:
        Beta, half the length in samples at the lower rate, and the weights of the droop in the pass band.
    """
    halvings = 0
    while step >= 4 * phases:  # soxr first halves the rate as often as possible
        step, phases = (step, 2 * phases) if step % 2 else (step // 2, phases)
        halvings += 1
    is_simple = max(step, phases) <= 4
    # 20 bits and one more are 126.4 dB; with several stages, each has a smaller share of the error.
    extra_db = 20 * log10(halvings + 1) + (0.0 if is_simple else 6.02)
    beta = 13.04 + 0.1116 * extra_db
    # The rate of soxr's filter relative to the lower rate. Its length there is a multiple of 4, plus 1.
    if is_simple:
        oversampling = float(max(step, phases))
    else:
        oversampling = step / phases if step >= 2 * phases else 2 * max(1.0, step / phases)
    quarters = ceil((192.5 + 14.87 * (beta - 13.04)) * oversampling / 4)
    fall = () if is_simple else _FALL_DOWN if step > phases else _FALL_UP
    return beta, (4 * quarters + 1) / (2 * oversampling), fall


@lru_cache(maxsize=8)
def _coefficients(step: int, phases: int) -> tuple[int, int, NDArray[np.float32]]:
    """Look-ahead in samples, rows per sample, and the coefficient table `(rows + 1, taps)`."""
    beta, half_length, fall = _window(step, phases)
    stretch = max(1.0, step / phases)  # input samples per sample at the lower rate
    n_ahead = ceil(half_length * stretch)
    n_taps = -(-2 * n_ahead // 16) * 16  # whole cache lines, so that all rows are aligned alike for any dot product
    rows = min(phases, ceil(_ROWS_PER_SAMPLE / stretch))
    offsets = np.arange(n_taps) - (n_taps - n_ahead - 1)
    table = np.empty((rows + 1, n_taps), dtype=np.float32)
    for row in range(rows + 1):
        times = (row / rows - offsets) / stretch
        window = np.i0(beta * np.sqrt(np.maximum(0.0, 1 - (times / half_length) ** 2))) * (np.abs(times) < half_length)
        response = (1 - sum(fall)) * np.sinc(_CUTOFF * times)
        # A cosine over frequency is a pair of echoes over time, half a sample further apart for each term.
        for m, weight in enumerate(fall, start=1):
            response += weight / 2 * (np.sinc(_CUTOFF * (times - m / 2)) + np.sinc(_CUTOFF * (times + m / 2)))
        response *= window
        table[row] = response / response.sum()  # every phase passes a constant unchanged
    return n_ahead, rows, _frozen(table)


def _frozen(array: NDArray[np.float32]) -> NDArray[np.float32]:
    """Make an array read-only, because many streams share it."""
    array.setflags(write=False)
    return array
