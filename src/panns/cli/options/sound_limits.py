"""Options that widen the limits on a sound, for recordings that are longer or quieter than usual."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

import typer

from panns.errors import AudioDecodeError
from panns.system.defaults import MAX_HOURS

if TYPE_CHECKING:
    from panns.audio import DecodeLimits

_FLAGS = {
    "max_duration_s": "--max-hours",
    "min_bytes_per_s": "--allow-silence",
    "min_bytes_per_million": "--allow-silence",
}
_A_YEAR_H = 8_784  # the largest value of the option


@dataclass(frozen=True)
class LimitOptions:
    """Limits on a sound; a group of options."""

    max_hours: Annotated[
        float,
        typer.Option("--max-hours", metavar="H", min=0, max=_A_YEAR_H, help="Longest sound to accept, in hours."),
    ] = MAX_HOURS
    allow_silence: Annotated[
        bool,
        typer.Option(
            "--allow-silence",
            help="Accept files that decode to hours from very few bytes, as silence does in some formats.",
        ),
    ] = False

    def to_limits(self) -> DecodeLimits:
        """The limits."""
        from panns.audio import DecodeLimits

        limits = DecodeLimits(max_duration_s=self.max_hours * 3600)
        if not self.allow_silence:
            return limits
        return DecodeLimits(max_duration_s=limits.max_duration_s, min_bytes_per_s=0, min_bytes_per_million=0)


@contextmanager
def naming_limit_options() -> Iterator[None]:
    """Name these options in errors raised inside, in place of parameters."""
    from panns.audio.limits import DecodeLimitReached

    try:
        yield
    except DecodeLimitReached as error:
        raise AudioDecodeError(f"{error.problem} use {_FLAGS[error.parameter]}") from error
