"""What makes an event, as options that all verbs with events share, and what becomes of them."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated, NamedTuple

import typer

if TYPE_CHECKING:
    from panns.detection import WindowConfig
    from panns.detection.thresholds import Threshold
    from panns.events import EventConfig
    from panns.recognizer import Recognizer

# What the library calls what the options give.
_FLAGS = {
    "threshold": "--threshold",
    "release": "--release",
    "median_s": "--median",
    "min_gap_s": "--min-gap",
    "min_duration_s": "--min-duration",
    "window_s": "--window",
    "hop_s": "--hop",
}
_ARGUMENT = re.compile(rf"\b({'|'.join(_FLAGS)})=|\b(\w+_s)\b")

EventThreshold = Annotated[
    str | None,
    typer.Option(
        "--threshold",
        metavar="P|N/h",
        help="The probability from which a class sounds, or for how many false alarms of each class in an hour (1/h) "
        "it is wanted, where the model knows; by default the model's own for each class, or 0.5.",
        show_default=False,
    ),
]
Release = Annotated[
    float | None,
    typer.Option(
        "--release",
        metavar="SHARE",
        help="Part of the threshold above which it goes on, before and after it reached that; the model's own, or 0.5.",
        show_default=False,
    ),
]
Median = Annotated[
    float | None,
    typer.Option(
        "--median", metavar="S", help="Length of the median filter; the model's own, or none.", show_default=False
    ),
]
MinGap = Annotated[
    float | None,
    typer.Option(
        "--min-gap",
        metavar="S",
        help="What reaches its threshold again sooner has not ended; the model's own, or 0.2.",
        show_default=False,
    ),
]
MinDuration = Annotated[
    float | None,
    typer.Option(
        "--min-duration", metavar="S", help="What is shorter is no event; the model's own, or 0.1.", show_default=False
    ),
]
Window = Annotated[
    float | None,
    typer.Option(
        "--window",
        metavar="S",
        help="What a model hears at once, unless it streams: with frame scores its usual 10 s, else 1 s.",
        show_default=False,
    ),
]
Hop = Annotated[
    float | None,
    typer.Option(
        "--hop",
        metavar="S",
        help="From one window to the next, for a model without frame scores: 0.1 s.",
        show_default=False,
    ),
]


class EventSettings(NamedTuple):
    """What `Recognizer.detect`, `stream` and `listen` take."""

    threshold: Threshold | None
    config: EventConfig | None
    windows: WindowConfig


class EventOptions:
    """What was asked for; None for what was not.

    Attributes:
        flags: What was given, such as "--median".

    Raises:
        typer.BadParameter: Something that cannot be, whatever the model.
    """

    def __init__(
        self,
        *,
        threshold: str | None = None,
        release: float | None = None,
        median_s: float | None = None,
        min_gap_s: float | None = None,
        min_duration_s: float | None = None,
        window_s: float | None = None,
        hop_s: float | None = None,
    ) -> None:
        from panns.detection import WindowConfig
        from panns.detection.thresholds import parse_threshold
        from panns.events import EventConfig

        asked = {"release": release, "median_s": median_s, "min_gap_s": min_gap_s, "min_duration_s": min_duration_s}
        self._changes = {name: value for name, value in asked.items() if value is not None}
        given = asked | {"threshold": threshold, "window_s": window_s, "hop_s": hop_s}
        self.flags = tuple(flag for name, flag in _FLAGS.items() if given[name] is not None)
        try:
            self._usual = EventConfig(**self._changes)
            self._windows = WindowConfig(window_s, hop_s)
            self._threshold = None if threshold is None else parse_threshold(threshold)
        except ValueError as error:
            raise typer.BadParameter(with_flags(str(error))) from error

    def settings_of(self, recognizer: Recognizer) -> EventSettings:
        """The settings for a model: what was not asked for is its own.

        Raises:
            typer.BadParameter: The model cannot hear so.
        """
        own = recognizer.manifest.events
        config = None if not self._changes else self._usual if own is None else replace(own, **self._changes)
        settings = EventSettings(self._threshold, config, self._windows)
        try:
            recognizer.stream(**settings._asdict())
        except ValueError as error:
            raise typer.BadParameter(with_flags(str(error))) from error
        return settings


def with_flags(sentence: str) -> str:
    """An error of the library in the words of the command line.

    Example:
        >>> with_flags("hop_s=0.2 is longer than window_s=0.1; leave out hop_s")
        '--hop 0.2 is longer than --window 0.1; leave out --hop'
    """

    def flag(match: re.Match[str]) -> str:
        return f"{_FLAGS[match[1]]} " if match[1] else _FLAGS.get(match[2], match[2])

    return _ARGUMENT.sub(flag, sentence).replace(", or None for", ", or left out for")
