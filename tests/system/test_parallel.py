from __future__ import annotations

import re
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

import panns
from panns.system import parallel
from panns.system.parallel import ordered_map


def workers():
    return [thread for thread in threading.enumerate() if thread.name.startswith("panns_")]


def test_results_come_in_the_order_of_the_items():
    is_last_done = threading.Event()

    def reverse(i):
        if i == 3:
            is_last_done.set()
        else:
            is_last_done.wait()
        return i

    assert list(ordered_map(reverse, range(4), n_threads=4)) == [0, 1, 2, 3]


def test_no_items():
    assert list(ordered_map(str, [], n_threads=1)) == []


def test_results_in_advance_are_bounded():
    taken = []

    def items():
        for i in range(1_000):
            taken.append(i)
            yield i

    results = ordered_map(str, items(), n_threads=2, n_ahead=3)
    assert taken == []
    for n_taken in range(1, 4):
        next(results)
        assert len(taken) == 4 + n_taken
    results.close()


def test_items_are_consumed_in_the_callers_thread():
    threads = set()

    def items():
        for i in range(10):
            threads.add(threading.current_thread())
            yield i

    list(ordered_map(str, items(), n_threads=2))
    assert threads == {threading.current_thread()}


def test_all_threads_work_even_with_a_small_advance():
    all_at_work = threading.Barrier(6)
    results = ordered_map(lambda i: all_at_work.wait() if i < 6 else i, range(12), n_threads=6, n_ahead=1)
    assert len(list(results)) == 12


def test_results_before_an_exception_come_first():
    results = ordered_map(lambda i: 1 / (4 - i), range(9), n_threads=3)
    assert [next(results) for _ in range(4)] == [1 / 4, 1 / 3, 1 / 2, 1.0]
    with pytest.raises(ZeroDivisionError):
        next(results)
    assert workers() == []


def test_closing_cancels_items_that_have_not_started(monkeypatch):
    started, may_end = [], threading.Event()

    class Pool(ThreadPoolExecutor):
        """Lets the item in progress end once the others are cancelled."""

        def shutdown(self, wait=True, *, cancel_futures=False):
            super().shutdown(wait=False, cancel_futures=cancel_futures)
            may_end.set()
            super().shutdown(wait=wait)

    monkeypatch.setattr(parallel, "ThreadPoolExecutor", Pool)

    def work(i):
        started.append(i)
        if i:
            may_end.wait()

    results = ordered_map(work, range(1_000), n_threads=1, n_ahead=50)
    next(results)
    results.close()
    assert len(started) <= 2
    assert workers() == []


def test_closing_need_not_wait_for_items_in_progress():
    may_end = threading.Event()
    results = ordered_map(lambda i: i and may_end.wait(), range(9), n_threads=2, waits_on_close=False)
    next(results)
    results.close()  # would never return
    assert workers()
    may_end.set()
    for thread in workers():
        thread.join()


def test_an_exhausted_map_leaves_no_thread():
    assert list(ordered_map(str, range(3), n_threads=2, waits_on_close=False)) == ["0", "1", "2"]
    assert workers() == []


def test_the_caller_is_called_while_it_waits():
    may_end, calls = threading.Event(), []

    def on_wait():
        calls.append(threading.current_thread())
        if len(calls) == 2:
            may_end.set()

    assert list(ordered_map(lambda _: may_end.wait(), range(2), n_threads=1, on_wait=on_wait)) == [True, True]
    assert len(calls) >= 2
    assert set(calls) == {threading.current_thread()}


def test_an_exception_of_the_callback_ends_the_map():
    def interrupt():
        raise KeyboardInterrupt

    may_end = threading.Event()
    results = ordered_map(lambda _: may_end.wait(), range(9), n_threads=2, on_wait=interrupt, waits_on_close=False)
    with pytest.raises(KeyboardInterrupt):
        next(results)
    may_end.set()
    for thread in workers():
        thread.join()


def test_the_package_has_no_other_thread_pool_and_no_other_lock():
    """One implementation of each: `system.parallel`, `system.locks`."""
    users = {}
    for path in Path(panns.__file__).parent.rglob("*.py"):
        text = path.read_text(encoding="utf-8")
        for name in re.findall(r"^ *(?:import|from) .*\b(ThreadPoolExecutor|fcntl|msvcrt)\b", text, re.MULTILINE):
            users.setdefault(name, set()).add(path.name)
    assert users == {"ThreadPoolExecutor": {"parallel.py"}, "fcntl": {"locks.py"}, "msvcrt": {"locks.py"}}
