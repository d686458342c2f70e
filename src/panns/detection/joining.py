"""The blocks of a file made longer, before they are heard as a stream."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np

from panns.results import Array


def joined_blocks(blocks: Iterable[Array], n_samples: int) -> Iterator[Array]:
    """The same samples in blocks of so many, which need not be there all at once; the last may be shorter.

    Example:
        >>> [len(block) for block in joined_blocks([np.zeros(3, np.float32)] * 5, 7)]
        [7, 7, 1]
    """
    pending: list[Array] = []
    n_pending = 0
    for block in blocks:
        pending.append(block)
        n_pending += len(block)
        if n_pending >= n_samples:
            joined = np.concatenate(pending)
            n_whole = n_pending - n_pending % n_samples
            yield from np.split(joined[:n_whole], n_whole // n_samples)
            pending, n_pending = [joined[n_whole:]], n_pending - n_whole
    if n_pending:
        yield np.concatenate(pending)
