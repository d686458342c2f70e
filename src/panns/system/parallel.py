"""One ordered map over threads, for everything in the package that computes items side by side."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator, Iterable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from itertools import islice
from typing import TypeVar

ItemT = TypeVar("ItemT")
ResultT = TypeVar("ResultT")

_TICK_S = 0.2


def ordered_map(
    function: Callable[[ItemT], ResultT],
    items: Iterable[ItemT],
    *,
    n_threads: int,
    n_ahead: int = 0,
    on_wait: Callable[[], None] | None = None,
    waits_on_close: bool = True,
) -> Generator[ResultT, None, None]:
    """Yield `function(item)` for every item, in the order of the items, computed by threads.

    An exception reaches the caller in its turn, after the results before it. Closing the generator cancels the items
    that no thread has begun.

    Args:
        function: Called from the threads.
        items: Consumed in the caller's thread, no faster than results are taken.
        n_threads: Number of threads.
        n_ahead: Results computed before they are asked for; at least one for each thread.
        on_wait: Called in the caller's thread five times a second while the next result is not there.
        waits_on_close: Whether closing waits for the items that threads are computing. Without, a thread that hangs
            cannot hold up the caller.

    Example:
        >>> list(ordered_map(lambda i: i * i, range(2, 6), n_threads=3))
        [4, 9, 16, 25]
    """
    waiting = iter(items)
    pending: deque[Future[ResultT]] = deque()
    pool = ThreadPoolExecutor(n_threads, thread_name_prefix="panns")
    is_exhausted = False
    try:
        pending.extend(pool.submit(function, item) for item in islice(waiting, max(n_ahead, n_threads) + 1))
        while pending:
            while on_wait is not None and not pending[0].done():
                wait([pending[0]], timeout=_TICK_S)
                on_wait()
            result = pending.popleft().result()
            pending.extend(pool.submit(function, item) for item in islice(waiting, 1))
            is_exhausted = not pending
            yield result
    finally:
        pool.shutdown(wait=waits_on_close or is_exhausted, cancel_futures=True)
