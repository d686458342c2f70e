"""Windows of a sound of any length, for a model that takes limited input."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np

from panns.system.arrays import Array

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
    blocks: Iterable[Array], *, sample_rate: int, window_s: float, one_pass_s: float = 30.0
) -> Iterator[Window]:
    """Cut a sound into windows: one for up to `one_pass_s`, else windows of `window_s` back to back.

    Every sample is in exactly one window. A rest of less than 1 s lengthens the last window; if that becomes longer
    than `one_pass_s`, it is divided into two halves. Memory holds at most `one_pass_s`, or a window and a second, and a
    block. The windows do not depend on the sizes of the blocks.

    Args:
        blocks: `(samples,)` each, of any lengths.
        sample_rate: Rate of the blocks, in Hz.
        window_s: Length of a window of a longer sound, in seconds.
        one_pass_s: Longest sound that is one window, in seconds.

    Examples:
        >>> minute = np.zeros(60 * 100, dtype=np.float32)
        >>> def spans(n_samples: int) -> list[tuple[int, int]]:
        ...     windows = cut_into_windows([minute[:n_samples]], sample_rate=100, window_s=10)
        ...     return [(one.onset_sample, len(one.waveform)) for one in windows]
        >>> spans(2550)
        [(0, 2550)]
        >>> spans(3150)
        [(0, 1000), (1000, 1000), (2000, 1000), (3000, 150)]
        >>> spans(3050)
        [(0, 1000), (1000, 1000), (2000, 1050)]
    """
    one_pass, window = round(one_pass_s * sample_rate), round(window_s * sample_rate)
    shortest = round(SHORTEST_LAST_S * sample_rate)  # samples to wait for before a window is cut off
    pending: list[Array] = []
    n_pending = onset = 0
    is_long = False
    for block in blocks:
        pending.append(block)
        n_pending += len(block)
        is_long = is_long or n_pending > one_pass
        if not is_long or n_pending < window + shortest:
            continue
        samples = np.concatenate(pending)
        n_whole = (len(samples) - shortest) // window * window
        for start in range(0, n_whole, window):
            yield Window(onset + start, samples[start : start + window])
        onset += n_whole
        pending, n_pending = [samples[n_whole:]], len(samples) - n_whole
    if n_pending:
        samples = np.concatenate(pending)
        n_parts = 2 if n_pending > one_pass else 1
        for part in np.array_split(samples, n_parts):
            yield Window(onset, part)
            onset += len(part)
