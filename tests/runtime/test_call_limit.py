"""Calls that take too long are stopped, and no others."""

import threading
import time

from panns.runtime.call_limit import CallLimit


def n_watchers():
    return sum(thread.name == "panns-limit" for thread in threading.enumerate())


def test_only_a_call_over_the_limit_is_stopped():
    limit, stopped = CallLimit(0.1, tick_s=0.02), threading.Event()
    with limit.limited(lambda: (_ for _ in ()).throw(AssertionError)):
        pass
    with limit.limited(stopped.set):
        assert stopped.wait(60)


def test_one_thread_watches_all_calls_and_ends_with_them():
    limit, others = CallLimit(60.0, tick_s=0.01), n_watchers()
    with limit.limited(lambda: None), limit.limited(lambda: None):
        assert n_watchers() == others + 1
    until_s = time.monotonic() + 60
    while n_watchers() > others and time.monotonic() < until_s:
        time.sleep(0.01)
    assert n_watchers() == others


def test_a_forked_process_forgets_the_calls():
    limit = CallLimit(60.0, tick_s=60.0)
    with limit.limited(lambda: None):
        limit.forget()  # as after a fork, in the child
        with limit.limited(lambda: None):
            pass
