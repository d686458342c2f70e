"""Telling a caller how far a long sound has been heard."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

OnProgress: TypeAlias = Callable[[float, float | None], None]


def ignore_progress(heard_s: float, declared_s: float | None) -> None:
    """Nobody wants to know."""
