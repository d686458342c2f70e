"""Progress bars and spinners on the terminal, one at a time.

A bar or spinner appears after one second.
"""

from __future__ import annotations

import os
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, ClassVar, Protocol

from panns.system.progress import OnProgress, Progress, Stopped, Unit
from panns.system.safe_text import printable

if TYPE_CHECKING:
    from rich.progress import Progress as RichProgress
    from rich.progress import ProgressColumn, TaskID

SHOW_AFTER_S = 1.0
SHOW_AGAIN_S = 0.1  # after a printed line; redrawing after each of a thousand lines would slow down the output


class Drawn(Protocol):
    """Lines at the end of the terminal that can be erased, such as a bar."""

    def start(self) -> None:
        """Draw the lines."""

    def stop(self) -> None:
        """Erase the lines."""


_lock = threading.RLock()
_shown: Drawn | None = None  # one terminal shows one of these at a time


def is_watched() -> bool:
    """True if stderr is a terminal that can overwrite lines."""
    return sys.stderr.isatty() and os.environ.get("TERM", "").lower() not in {"dumb", "unknown"}


def clear() -> None:
    """Erase what is drawn, before printing."""
    global _shown
    with _lock:
        if _shown is not None:
            _shown.stop()
            _shown = None


def show(drawn: Drawn) -> None:
    """Draw these lines instead of the current ones."""
    global _shown
    with _lock:
        if _shown is not drawn:
            clear()
            _shown = drawn  # before drawing, so that `leave` finds it after an interrupt
            drawn.start()


def leave() -> None:
    """Restore the terminal, also if an interrupt came while a line was being drawn or erased."""
    if _shown is not None:
        clear()
        if sys.platform != "win32":
            print("\r\x1b[2K\x1b[?25h", end="", file=sys.stderr, flush=True)  # erase the line, show the cursor


def _make_line(*columns: ProgressColumn) -> RichProgress:
    from rich.console import Console
    from rich.progress import Progress as RichProgress

    # No redirection: rich would wrap long results, and print them on stderr.
    return RichProgress(
        *columns, console=Console(stderr=True), transient=True, redirect_stdout=False, redirect_stderr=False
    )


class Bar:
    """Progress bar for each stage of a call; invisible without a terminal, and in the first second of a stage."""

    def __init__(self) -> None:
        self._stage: tuple[Unit, str] | None = None
        self._since_s = self._shown_s = 0.0
        self._line: RichProgress | None = None  # rich is imported when a bar is shown first
        self._task: TaskID | None = None

    def show(self, progress: Progress) -> None:
        """Show progress; an `OnProgress` callback."""
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


class DownloadBars:
    """A progress bar for each of several downloads; invisible without a terminal, and in the first second."""

    def __init__(self) -> None:
        self._since_s = self._shown_s = time.monotonic()
        self._line: RichProgress | None = None
        self._tasks: dict[str, TaskID] = {}
        self._is_ending = threading.Event()

    def of(self, name: str) -> OnProgress:
        """The `OnProgress` callback of a download, for any thread; it ends the download once the bars are left."""

        def update(progress: Progress) -> None:
            if self._is_ending.is_set():
                raise Stopped
            self._update(name, progress)

        return update

    def _update(self, name: str, progress: Progress) -> None:
        now_s = time.monotonic()
        if now_s - self._since_s < SHOW_AFTER_S or not is_watched():
            return
        with _lock:
            if self._line is None:
                self._line = _make_line(*_columns("bytes", "named"))
            if name not in self._tasks:
                self._tasks[name] = self._line.add_task(printable(name), total=None)
            self._line.update(self._tasks[name], completed=progress.done, total=progress.total)
            if now_s - self._shown_s >= SHOW_AGAIN_S and not self._is_ending.is_set():
                self._shown_s = now_s
                show(self._line)

    def __enter__(self) -> DownloadBars:
        return self

    def __exit__(self, *_: object) -> None:
        self._is_ending.set()
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
    """A spinner with a text, for steps without measurable progress; made by `doing`.

    Attributes:
        current: The active spinner.
    """

    current: ClassVar[Spinner | None] = None

    def __init__(self, text: str) -> None:
        self._text = text
        self._has_ended = False
        self._line: RichProgress | None = None
        self._task: TaskID | None = None

    def show(self) -> None:
        """Show the spinner, unless it has ended."""
        from rich.progress import SpinnerColumn, TextColumn

        with _lock:
            if self._has_ended:
                return
            if self._line is None:
                column = TextColumn("{task.description}", markup=False)
                self._line = _make_line(SpinnerColumn("line"), column)
                self._task = self._line.add_task(self._text, total=None)
            show(self._line)

    def set_text(self, text: str) -> None:
        """Change the text."""
        with _lock:
            self._text = text
            if self._line is not None and self._task is not None:
                self._line.update(self._task, description=text)

    def resume(self) -> None:
        """Show the spinner again after a printed line, if it was visible before."""
        if self._line is not None:
            self.show()

    def end(self) -> None:
        """Erase the spinner for good."""
        with _lock:
            self._has_ended = True
            clear()


@contextmanager
def doing(text: str) -> Iterator[None]:
    """Show a spinner with this text on the terminal, if the step inside takes over a second."""
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
