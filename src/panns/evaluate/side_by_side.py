"""Doing several things at once and taking what comes of them in order."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from itertools import islice
from typing import TypeVar

ItemT = TypeVar("ItemT")
ResultT = TypeVar("ResultT")


@contextmanager
def threads(n_threads: int) -> Iterator[ThreadPoolExecutor]:
    """Threads, of which after an error or interrupt none begins anything more."""
    pool = ThreadPoolExecutor(n_threads, thread_name_prefix="panns")
    try:
        yield pool
    finally:
        pool.shutdown(cancel_futures=True)


def side_by_side(
    pool: ThreadPoolExecutor, function: Callable[[ItemT], ResultT], items: Iterable[ItemT], *, ahead: int
) -> Iterator[ResultT]:
    """Results in the order of the items, with no more than `ahead` of them computed before they are asked for."""
    waiting = iter(items)
    running: deque[Future[ResultT]] = deque(pool.submit(function, item) for item in islice(waiting, ahead))
    while running:
        result = running.popleft().result()
        running.extend(pool.submit(function, item) for item in islice(waiting, 1))
        yield result
