"""Batches made ahead of time by threads, in order."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

T = TypeVar("T")


def prefetch(
    make: Callable[[int], T], first: int, last: int, *, n_threads: int, n_ahead: int = 4
) -> Generator[T, None, None]:
    """`make(first)`, `make(first + 1)`, ... `make(last - 1)`, made by threads while the caller works on earlier ones.

    Closing it gives up what is not begun and waits for what is. A failure reaches the caller in its turn, as it was
    raised, with a note that says of which number.

    Args:
        make: Depends on nothing but its argument, so that the result does not depend on the number of threads.
        first: Where to start.
        last: Where to stop, not included.
        n_threads: How many are made at once.
        n_ahead: How many may wait, beside the one that the caller works on; at least one for each thread do.

    Example:
        >>> list(prefetch(lambda i: i * i, 2, 6, n_threads=3))
        [4, 9, 16, 25]
    """
    pending: deque[Future[T]] = deque()
    with ThreadPoolExecutor(n_threads, thread_name_prefix="prefetch") as pool:
        try:
            for i in range(first, last):
                pending.append(pool.submit(_noted, make, i))
                if len(pending) > max(n_ahead, n_threads):  # with fewer, threads would stand idle
                    yield pending.popleft().result()
            while pending:
                yield pending.popleft().result()
        finally:
            for future in pending:
                future.cancel()


def _noted(make: Callable[[int], T], i: int) -> T:
    try:
        return make(i)
    except Exception as exc:
        exc.add_note(f"while number {i} was made ahead")
        raise
