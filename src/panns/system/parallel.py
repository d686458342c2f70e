"""Ordered map over worker threads; the only thread pool of the package."""

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
    """Apply a function to every item in worker threads, and yield the results in the order of the items.

    An exception of `function` is raised at the position of its item, after all earlier results. Closing the generator
    cancels items that have not started.

    Args:
        function: Called from the worker threads.
        items: Consumed in the caller's thread, only as fast as results are taken.
        n_threads: Number of worker threads, at least 1.
        n_ahead: Maximum number of results computed in advance; raised to `n_threads` if lower.
        on_wait: Called in the caller's thread five times a second while the next result is being computed.
        waits_on_close: If True, closing waits for items in progress. False lets the caller continue although a worker
            hangs, for example on a pipe that stays silent.

    Examples:
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
