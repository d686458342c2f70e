"""A limit on the time of a call: the graph of a stranger may repeat a step as often as a number of 64 bits says."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

# The slowest published model takes some 5 s for 10 s of sound on a small computer, and a busy one is slower.
LIMIT_S = 1200.0
_TICK_S = 5.0


@dataclass(eq=False)
class _Call:
    """A call in progress, or one that was stopped."""

    stop: Callable[[], None]
    left_s: float


class CallLimit:
    """Stops calls that take too long, from one thread for all; without calls, the thread ends.

    Ticks count, not a clock, because a process can be suspended in a call, and its computer too.

    Args:
        limit_s: Longest time of a call, in seconds.
        tick_s: Time between two looks at the calls, in seconds.
    """

    def __init__(self, limit_s: float = LIMIT_S, *, tick_s: float = _TICK_S) -> None:
        self.limit_s, self.tick_s = limit_s, tick_s
        self.forget()

    def forget(self) -> None:
        """Forget all calls: a forked process has neither them nor the thread."""
        self._lock = threading.Lock()
        self._calls: set[_Call] = set()
        self._has_thread = False

    @contextmanager
    def limited(self, stop: Callable[[], None]) -> Iterator[None]:
        """Call `stop`, from another thread, if the block takes too long."""
        call = _Call(stop, self.limit_s)
        with self._lock:
            self._calls.add(call)
            if not self._has_thread:
                threading.Thread(target=self._watch, name="panns-limit", daemon=True).start()
                self._has_thread = True
        try:
            yield
        finally:
            with self._lock:
                self._calls.discard(call)

    def waits(self, wait: Callable[[float], bool]) -> bool:
        """Wait for a call that cannot be stopped; False if it takes too long.

        Args:
            wait: Waits for some seconds, and returns True if the call has ended.
        """
        return any(wait(self.tick_s) for _ in range(max(round(self.limit_s / self.tick_s), 1)))

    def _watch(self) -> None:
        while True:
            time.sleep(self.tick_s)
            with self._lock:
                for call in [*self._calls]:
                    call.left_s -= self.tick_s
                    if call.left_s <= 0:
                        self._calls.discard(call)
                        call.stop()
                if not self._calls:
                    self._has_thread = False
                    return


CALL_LIMIT = CallLimit()
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=CALL_LIMIT.forget)
