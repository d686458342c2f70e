from __future__ import annotations

import threading
import time

import pytest

from panns.data.prefetch import prefetch


def test_results_come_in_order_whoever_is_done_first():
    def slow_first(i: int) -> int:
        time.sleep(0.02 if i % 2 == 0 else 0.0)
        return i

    assert list(prefetch(slow_first, 3, 15, n_threads=4)) == list(range(3, 15))


def test_only_so_many_are_made_ahead():
    made = []
    batches = prefetch(made.append, 0, 1_000, n_threads=2, n_ahead=3)
    next(batches)
    batches.close()
    assert len(made) <= 5


def test_a_failure_reaches_the_caller_and_threads_end():
    def fail(i: int) -> int:
        if i == 2:
            raise OSError("the disk is gone")
        return i

    with pytest.raises(OSError, match="the disk is gone"):
        list(prefetch(fail, 0, 10, n_threads=2))
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("prefetch")]


def test_nothing_to_make():
    assert list(prefetch(str, 5, 5, n_threads=1)) == []
