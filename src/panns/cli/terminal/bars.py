"""What moves on a terminal, one thing at a time: a bar with numbers, a spinner with words, or what a verb draws itself.

A bar or spinner appears for what takes over a second.
"""

from __future__ import annotations

import os
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, ClassVar, Protocol

from panns.system.progress import Progress, Unit

if TYPE_CHECKING:
    from rich.progress import Progress as RichProgress
    from rich.progress import ProgressColumn, TaskID

SHOW_AFTER_S = 1.0
SHOW_AGAIN_S = 0.1  # after a printed line; drawing the bar between any two of a thousand lines would only slow them


class Drawn(Protocol):
    """Some lines at the end of the terminal, which can be taken off again."""

    def start(self) -> None:
        """Draw them."""

    def stop(self) -> None:
        """Take them off."""


_lock = threading.RLock()
_shown: Drawn | None = None  # there is one terminal, and one moving thing on it


def is_watched() -> bool:
    """Whether stderr is a terminal on which a line can be overwritten."""
    return sys.stderr.isatty() and os.environ.get("TERM", "").lower() not in {"dumb", "unknown"}


def clear() -> None:
    """Take what moves off the terminal, so that something can be printed there."""
    global _shown
    with _lock:
        if _shown is not None:
            _shown.stop()
            _shown = None


def show(drawn: Drawn) -> None:
    """Draw this, in place of what was drawn."""
    global _shown
    with _lock:
        if _shown is not drawn:
            clear()
            _shown = drawn  # first, so that an interrupt while it is being drawn finds it
            drawn.start()


def leave() -> None:
    """Leave the terminal as it was, also if an interrupt came while a line was being drawn or taken off."""
    if _shown is not None:
        clear()
        if sys.platform != "win32":
            print("\r\x1b[2K\x1b[?25h", end="", file=sys.stderr, flush=True)  # erase the line, show the cursor


def _make_line(*columns: ProgressColumn) -> RichProgress:
    from rich.console import Console
    from rich.progress import Progress as RichProgress

    # Nothing is redirected through the line: rich would wrap long results, and print them on stderr.
    return RichProgress(
        *columns, console=Console(stderr=True), transient=True, redirect_stdout=False, redirect_stderr=False
    )


class Bar:
    """A progress bar for each stage of a call; invisible without a terminal and within the first second of a stage.

    Its `show` is an `OnProgress`.
    """

    def __init__(self) -> None:
        self._stage: tuple[Unit, str] | None = None
        self._since_s = self._shown_s = 0.0
        self._line: RichProgress | None = None  # rich is imported only when there is something to show
        self._task: TaskID | None = None

    def show(self, progress: Progress) -> None:
        """Show how far the call is."""
        now_s = time.monotonic()
        if self._stage != (progress.unit, progress.stage):
            clear()
            self._stage = progress.unit, progress.stage
            self._since_s = self._shown_s = now_s
            self._line = self._task = None
        if now_s - self._since_s < SHOW_AFTER_S or not is_watched():
            return
        if self._line is None or self._task is None:
            self._line = _make_line(*_columns(progress.unit, progress.stage))
            self._task = self._line.add_task(progress.stage, total=None)
        total = None if progress.total is None else round(progress.total)
        self._line.update(self._task, completed=round(progress.done), total=total)
        if now_s - self._shown_s >= SHOW_AGAIN_S:
            self._shown_s = now_s
            show(self._line)

    def __enter__(self) -> Bar:
        return self

    def __exit__(self, *_: object) -> None:
        clear()


def _columns(unit: Unit, name: str) -> tuple[ProgressColumn, ...]:
    from rich.progress import (
        BarColumn,
        DownloadColumn,
        MofNCompleteColumn,
        TextColumn,
        TimeRemainingColumn,
        TransferSpeedColumn,
    )

    numbers = (DownloadColumn(), TransferSpeedColumn()) if unit == "bytes" else (MofNCompleteColumn(), TextColumn(unit))
    named = (TextColumn("{task.description}", markup=False),) if name else ()
    return *named, BarColumn(), *numbers, TimeRemainingColumn()


class Spinner:
    """What is being done, where no number says how far it is; made by `doing`.

    Attributes:
        current: The one inside whose `doing` the program is.
    """

    current: ClassVar[Spinner | None] = None

    def __init__(self, text: str) -> None:
        self._text = text
        self._is_over = False
        self._line: RichProgress | None = None
        self._task: TaskID | None = None

    def show(self) -> None:
        """Show it, unless it is over already."""
        from rich.progress import SpinnerColumn, TextColumn

        with _lock:
            if self._is_over:
                return
            if self._line is None:
                words = TextColumn("{task.description}", markup=False)
                self._line = _make_line(SpinnerColumn("line"), words)
                self._task = self._line.add_task(self._text, total=None)
            show(self._line)

    def say(self, text: str) -> None:
        """Something else is being done now."""
        with _lock:
            self._text = text
            if self._line is not None and self._task is not None:
                self._line.update(self._task, description=text)

    def resume(self) -> None:
        """Show it again if it had been shown before a line was printed."""
        if self._line is not None:
            self.show()

    def end(self) -> None:
        """It is done."""
        with _lock:
            self._is_over = True
            clear()


@contextmanager
def doing(text: str) -> Iterator[None]:
    """Say on a terminal what is being done inside, once it takes over a second."""
    if not is_watched():
        yield
        return
    spinner = Spinner.current = Spinner(text)
    timer = threading.Timer(SHOW_AFTER_S, spinner.show)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
        spinner.end()
        Spinner.current = None
