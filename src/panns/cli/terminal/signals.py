"""Graceful stop of an endless command on Ctrl-C or SIGTERM."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

_SIGNALS = (signal.SIGINT, signal.SIGTERM)


@contextmanager
def stopping(stop: Callable[[], None]) -> Iterator[None]:
    """Call `stop` on the first SIGINT or SIGTERM inside; a second one ends the program as usual.

    Args:
        stop: Must not take a lock, because a signal can interrupt the program anywhere.
    """
    before = {number: signal.getsignal(number) for number in _SIGNALS}

    def restore() -> None:
        for number, handler in before.items():
            signal.signal(number, handler)

    def handle(number: int, frame: FrameType | None) -> None:  # noqa: ARG001 - signature of a signal handler
        # Not `before`: a shell ignores SIGINT for background commands, so a second one would be ignored as well.
        for one in _SIGNALS:
            signal.signal(one, signal.default_int_handler if one is signal.SIGINT else signal.SIG_DFL)
        stop()

    for number in _SIGNALS:
        signal.signal(number, handle)
    try:
        yield
    finally:
        restore()
