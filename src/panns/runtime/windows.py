"""Windows of a sound of any length, for a model that takes limited input."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np

from panns.results import Array

SHORTEST_LAST_S = 1.0  # a shorter rest of a long sound is too little for a window of its own


@dataclass(frozen=True, eq=False)
class Window:
    """A window of a sound.

    Attributes:
        onset_sample: Its first sample.
        waveform: `(samples,)`.
    """

    onset_sample: int
    waveform: Array


def cut_into_windows(
    blocks: Iterable[Array], *, sample_rate: int, window_s: float, one_pass_s: float = 30.0, keeps_rest: bool = False
) -> Iterator[Window]:
    """Cut a sound into windows: one for up to `one_pass_s`, else windows of `window_s` back to back.

    A last window of less than 1 s is dropped. Memory holds at most `one_pass_s`, or a window, and a block. The windows
    do not depend on the sizes of the blocks.

    Args:
        blocks: `(samples,)` each, of any lengths.
        sample_rate: Rate of the blocks, in Hz.
        window_s: Length of a window of a longer sound, in seconds.
        one_pass_s: Longest sound that is one window, in seconds.
        keeps_rest: Keep a rest of less than 1 s too: the last window and the rest become two halves.

    Example:
        >>> minute = np.zeros(60 * 100, dtype=np.float32)
        >>> [(w.onset_sample, len(w.waveform)) for w in cut_into_windows([minute[:2550]], sample_rate=100, window_s=10)]
        [(0, 2550)]
        >>> [(w.onset_sample, len(w.waveform)) for w in cut_into_windows([minute[:3150]], sample_rate=100, window_s=10)]
        [(0, 1000), (1000, 1000), (2000, 1000), (3000, 150)]
    """
    one_pass, window = round(one_pass_s * sample_rate), round(window_s * sample_rate)
    shortest = round(SHORTEST_LAST_S * sample_rate)
    needed = shortest if keeps_rest else 0  # samples after a window before it is cut off
    pending: list[Array] = []
    n_pending = onset = 0
    is_long = False
    for block in blocks:
        pending.append(block)
        n_pending += len(block)
        if not is_long and n_pending <= one_pass:
            continue
        is_long = True
        if n_pending < window + needed:
            continue
        samples = np.concatenate(pending)
        n_whole = (len(samples) - needed) // window * window
        for start in range(0, n_whole, window):
            yield Window(onset + start, samples[start : start + window])
        onset += n_whole
        pending, n_pending = [samples[n_whole:]], len(samples) - n_whole
    if is_long and n_pending > window:
        samples, half = np.concatenate(pending), n_pending // 2
        yield Window(onset, samples[:half])
        yield Window(onset + half, samples[half:])
    elif n_pending and (not is_long or n_pending >= shortest):
        yield Window(onset, np.concatenate(pending))
