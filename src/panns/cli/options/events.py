"""Options of event detection, shared by `detect`, `listen`, `explain` and `evaluate`."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import TYPE_CHECKING, Annotated, NamedTuple

import typer

from panns.cli.options import flag_of, wrong_usage

if TYPE_CHECKING:
    from panns.detection import WindowConfig
    from panns.detection.thresholds import Threshold
    from panns.events import EventConfig
    from panns.recognizer import Recognizer

EventThreshold = Annotated[
    str | None,
    typer.Option(
        "--threshold",
        metavar="P|N/h",
        help="Detection threshold: a probability (0.3), or a number of false alarms per class and hour (1/h) if the "
        "model has thresholds for it. Default: the model's own thresholds, else 0.5.",
        show_default=False,
    ),
]


class EventSettings(NamedTuple):
    """Keyword arguments of `Recognizer.detect`, `stream` and `listen`."""

    threshold: Threshold | None
    config: EventConfig
    windows: WindowConfig


@dataclass(frozen=True)
class EventOptions:
    """Settings that turn frame scores into events; a group of options, None where the user gave none.

    Raises:
        typer.BadParameter: A value is out of range for every model.
    """

    release: Annotated[
        float | None,
        typer.Option(
            "--release",
            metavar="SHARE",
            help="Low threshold of the hysteresis, as a fraction of the threshold: an event starts and ends where the "
            "score crosses it. Default: the model's own, else 0.5.",
            show_default=False,
        ),
    ] = None
    median_s: Annotated[
        float | None,
        typer.Option(
            "--median",
            metavar="S",
            help="Length of the median filter over the scores, in seconds. Default: the model's own, else no filter.",
            show_default=False,
        ),
    ] = None
    min_gap_s: Annotated[
        float | None,
        typer.Option(
            "--min-gap",
            metavar="S",
            help="Join events of a class separated by less than this, in seconds. Default: the model's own, else 0.2.",
            show_default=False,
        ),
    ] = None
    min_duration_s: Annotated[
        float | None,
        typer.Option(
            "--min-duration",
            metavar="S",
            help="Minimum duration of an event, in seconds. Default: the model's own, else 0.1.",
            show_default=False,
        ),
    ] = None
    window_s: Annotated[
        float | None,
        typer.Option(
            "--window",
            metavar="S",
            help="Length of the analysis window, in seconds; for models without a streaming state. Default: 10 with "
            "frame scores, else 1.",
            show_default=False,
        ),
    ] = None
    hop_s: Annotated[
        float | None,
        typer.Option(
            "--hop",
            metavar="S",
            help="Step between windows, in seconds; for models without frame scores. Default: 0.1.",
            show_default=False,
        ),
    ] = None

    def __post_init__(self) -> None:
        from panns.detection import WindowConfig
        from panns.events import EventConfig

        for name in self._given("release", "median_s", "min_gap_s", "min_duration_s"):
            with wrong_usage(flag_of(name)):
                EventConfig(**{name: getattr(self, name)})
        for name in self._given("window_s", "hop_s"):
            with wrong_usage(flag_of(name)):
                WindowConfig(**{name: getattr(self, name)})
        with wrong_usage("--window", "--hop"):
            WindowConfig(self.window_s, self.hop_s)

    def _given(self, *names: str) -> list[str]:
        return [name for name in names if getattr(self, name) is not None]

    @property
    def flags(self) -> list[str]:
        """Flags of the options that the user gave, such as "--median"."""
        return [flag_of(name) for name in self._given(*(field.name for field in fields(self)))]

    def for_model(self, recognizer: Recognizer, threshold: float | str | None = None) -> EventSettings:
        """Combine these options with the settings of a model.

        Args:
            recognizer: The model; its own settings hold where the user gave none.
            threshold: As returned by `parse_threshold`.

        Raises:
            typer.BadParameter: The model has no such thresholds, or cannot use such windows.
        """
        from panns.detection import WindowConfig
        from panns.detection.thresholds import resolve_thresholds
        from panns.events import EventConfig

        changes = {
            name: getattr(self, name) for name in self._given("release", "median_s", "min_gap_s", "min_duration_s")
        }
        windows = WindowConfig(self.window_s, self.hop_s)
        with wrong_usage("--threshold"):
            resolve_thresholds(recognizer.manifest, threshold)
        with wrong_usage(*map(flag_of, self._given("window_s", "hop_s"))):
            recognizer.detector(windows=windows)
        return EventSettings(threshold, replace(recognizer.manifest.events or EventConfig(), **changes), windows)


def parse_threshold(text: str | None) -> float | str | None:
    """Parse `--threshold`: a probability, or a false-alarm rate such as "1/h"; None if not given.

    Raises:
        typer.BadParameter: The text is neither.
    """
    from panns.detection.thresholds import parse_threshold as parse

    with wrong_usage("--threshold"):
        return None if text is None else parse(text)
