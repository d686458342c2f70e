"""Ending a work that has no end of its own when it is asked to: by Ctrl-C, or by the system."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

_SIGNALS = (signal.SIGINT, signal.SIGTERM)


@contextmanager
def stopping(stop: Callable[[], None]) -> Iterator[None]:
    """Call `stop` for the first SIGINT or SIGTERM inside; a second one ends the program as usual.

    Args:
        stop: It must take no lock, since it is called amid whatever is being done.
    """
    before = {number: signal.getsignal(number) for number in _SIGNALS}

    def restore() -> None:
        for number, handler in before.items():
            signal.signal(number, handler)

    def ask(number: int, frame: FrameType | None) -> None:  # noqa: ARG001 - as Python calls it
        # One that was ignored, as a shell does it for what runs in the background, would be ignored again.
        for one in _SIGNALS:
            signal.signal(one, signal.default_int_handler if one is signal.SIGINT else signal.SIG_DFL)
        stop()

    for number in _SIGNALS:
        signal.signal(number, ask)
    try:
        yield
    finally:
        restore()
