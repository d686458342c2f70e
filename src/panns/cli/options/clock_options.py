"""Options that add clock times to results."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

from panns.cli.options import flag_of, wrong_usage

if TYPE_CHECKING:
    from panns.results import SoundResult

    ResultT = TypeVar("ResultT", bound=SoundResult)


@dataclass(frozen=True)
class ClockOptions:
    """Clock times; a group of options."""

    clock: Annotated[
        bool,
        typer.Option(
            "--clock",
            help="Add clock times: when the recording began, by its name or metadata, and when each result was.",
        ),
    ] = False
    recorder_timezone: Annotated[
        str | None,
        typer.Option(
            "--recorder-timezone",
            metavar="ZONE",
            help="Time zone that recorders were set to, such as Europe/Berlin, UTC or +02:00, for recordings that "
            "state none.",
            show_default=False,
        ),
    ] = None
    timezone: Annotated[
        str | None,
        typer.Option(
            "--timezone",
            metavar="ZONE",
            help="Time zone to show clock times in. Default: that of the recorder.",
            show_default=False,
        ),
    ] = None

    def check(self) -> None:
        """Refuse an unknown time zone, or one without `--clock`, before anything is computed."""
        from panns.clock.timezones import parse_timezone

        for name in ("recorder_timezone", "timezone"):
            given = getattr(self, name)
            if given is None:
                continue
            if not self.clock:
                raise typer.BadParameter(f"{flag_of(name)} is about clock times; add --clock")
            with wrong_usage(flag_of(name)):
                parse_timezone(given, name)

    def apply(self, result: ResultT) -> ResultT:
        """The result with its clock, if clock times are wanted."""
        if not self.clock:
            return result
        return result.with_clock(self.timezone, recorder_timezone=self.recorder_timezone)

    @property
    def settings(self) -> dict[str, object]:
        """Settings that decide the results; none without clock times."""
        return asdict(self) if self.clock else {}
