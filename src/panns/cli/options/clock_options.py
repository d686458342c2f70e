"""Options that add clock times to results."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

from panns.cli.options import wrong_usage

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
    timezone: Annotated[
        str | None,
        typer.Option(
            "--timezone",
            metavar="ZONE",
            help="Time zone of --clock, such as Europe/Berlin, UTC or +02:00; recorders that state no zone are taken "
            "to be set to it. Default: the zones that recordings state.",
            show_default=False,
        ),
    ] = None

    def check(self) -> None:
        """Refuse an unknown time zone, or one without `--clock`, before anything is computed."""
        if self.timezone is None:
            return
        if not self.clock:
            raise typer.BadParameter("--timezone is the zone of clock times; add --clock")
        from panns.clock.timezones import parse_timezone

        with wrong_usage("--timezone"):
            parse_timezone(self.timezone)

    def apply(self, result: ResultT) -> ResultT:
        """The result with its clock, if clock times are wanted."""
        return result.with_clock(self.timezone) if self.clock else result

    @property
    def settings(self) -> dict[str, object]:
        """Settings that decide the results; none without clock times."""
        return {"clock": True, "timezone": self.timezone} if self.clock else {}
