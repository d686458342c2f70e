"""Findings of a data set check, and the report that lists them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, TypeAlias, get_args

from panns.data.clips.skipped import SkippedClip
from panns.data.sampling.groups import DuplicateGroups

Kind: TypeAlias = Literal[
    # Errors
    "missing file",
    "unreadable",
    "unknown label",
    "empty class",
    "labels alike",
    "labels differ",
    # Warnings
    "incomplete or unusual",
    "silent",
    "too short",
    "clipped",
    "low rate",
    "event outside",
    "event unlisted",
    "labels joined",
    "class called a fold",
    "folds alike",
    "no label",
    "absent class",
    "few clips",
    "class in one fold",
    "listed twice",
    "copy",
    "copy in two folds",
    "source in two folds",
]
KINDS: tuple[Kind, ...] = get_args(Kind)
ERRORS: frozenset[Kind] = frozenset(KINDS[: KINDS.index("incomplete or unusual")])
UNREADABLE: frozenset[Kind] = frozenset({"missing file", "unreadable"})


@dataclass(frozen=True)
class Finding:
    """One error or warning.

    Attributes:
        kind: Kind of problem.
        files: Affected files, as the clip list names them; empty if the problem concerns classes or folds.
        message: The problem, and what to do about it.
    """

    kind: Kind
    files: tuple[str, ...]
    message: str

    @property
    def is_error(self) -> bool:
        """True for an error, which prevents training; False for a warning."""
        return self.kind in ERRORS

    def to_dict(self) -> dict[str, Any]:
        """The finding as JSON."""
        severity = "error" if self.is_error else "warning"
        return {"kind": self.kind, "severity": severity, "files": list(self.files), "message": self.message}


@dataclass(frozen=True)
class CheckReport:
    """Report of a data set check.

    Attributes:
        n_clips: Number of clips.
        duration_s: Duration of all readable clips, in seconds.
        findings: Findings by kind, errors first.
        duplicates: Groups of clips, as indices, that hold the same sound.
        unreadable: Clips that cannot be read.
    """

    n_clips: int
    duration_s: float
    findings: tuple[Finding, ...]
    duplicates: DuplicateGroups
    unreadable: tuple[SkippedClip, ...] = ()

    @property
    def errors(self) -> tuple[Finding, ...]:
        """Findings that prevent training."""
        return tuple(one for one in self.findings if one.is_error)

    def to_dict(self) -> dict[str, Any]:
        """The report as JSON."""
        return {
            "n_clips": self.n_clips,
            "duration_s": self.duration_s,
            "n_errors": len(self.errors),
            "n_warnings": len(self.findings) - len(self.errors),
            "findings": [one.to_dict() for one in self.findings],
        }
