from __future__ import annotations

import threading
import time

import pytest
from panns.system.prefetch import prefetch


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


def test_no_thread_stands_idle_however_little_is_made_ahead():
    all_at_work = threading.Barrier(6, timeout=10)
    batches = prefetch(lambda i: all_at_work.wait() if i < 6 else i, 0, 12, n_threads=6, n_ahead=1)
    assert len(list(batches)) == 12


def test_what_comes_before_a_failure_is_given_first():
    batches = prefetch(lambda i: 1 / (4 - i), 0, 9, n_threads=3)
    assert [next(batches) for _ in range(4)] == [1 / 4, 1 / 3, 1 / 2, 1.0]
    with pytest.raises(ZeroDivisionError):
        next(batches)


def test_closing_gives_up_what_is_not_begun():
    made = []

    def slow(i: int) -> int:
        made.append(i)
        time.sleep(0.05)
        return i

    batches = prefetch(slow, 0, 1_000, n_threads=1, n_ahead=50)
    next(batches)
    since = time.monotonic()
    batches.close()
    assert time.monotonic() - since < 1
    assert len(made) < 20
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("prefetch")]


def test_a_failure_reaches_the_caller_and_threads_end():
    def fail(i: int) -> int:
        if i == 2:
            raise OSError("the disk is gone")
        return i

    with pytest.raises(OSError, match="the disk is gone") as caught:
        list(prefetch(fail, 0, 10, n_threads=2))
    assert caught.value.__notes__ == ["while number 2 was made ahead"]
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("prefetch")]


def test_nothing_to_make():
    assert list(prefetch(str, 5, 5, n_threads=1)) == []
