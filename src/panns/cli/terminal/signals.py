"""Graceful stop of a long command on Ctrl-C or SIGTERM."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

import typer

from panns.cli.terminal.output import complain
from panns.system.progress import OnProgress, Progress, Stopped

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


@contextmanager
def stopping_at_progress(show: OnProgress) -> Iterator[OnProgress]:
    """Let the first SIGINT or SIGTERM end a call where it reports progress, and exit as after that signal.

    Args:
        show: Shows progress.

    Yields:
        The callback for the call, which `Stopped` ends.
    """
    received: list[int] = []
    before = {number: signal.getsignal(number) for number in _SIGNALS}

    def handle(number: int, frame: FrameType | None) -> None:  # noqa: ARG001 - signature of a signal handler
        received.append(number)
        for one in _SIGNALS:
            signal.signal(one, signal.default_int_handler if one is signal.SIGINT else signal.SIG_DFL)
        # Not print, which may be interrupted inside itself.
        os.write(2, b"\npanns: stopping at the next safe place; press Ctrl-C again to stop at once\n")

    def report(progress: Progress) -> None:
        show(progress)
        if received:
            raise Stopped(f"stopped at {progress.done:,.0f} {progress.unit}")

    for number in _SIGNALS:
        signal.signal(number, handle)
    try:
        yield report
    except Stopped as exc:
        complain(f"{exc}; continue with --resume")
        # Of several processes, only one may have received the signal on which all agreed to stop.
        raise typer.Exit(128 + (received[0] if received else signal.SIGTERM)) from None
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
