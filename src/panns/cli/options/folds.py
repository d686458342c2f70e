"""The option `--fold`: select folds of a clip list."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from panns.data.clip_lists import ClipList

Folds = Annotated[
    list[str] | None,
    typer.Option("--fold", metavar="F", help="Use only the clips of this fold (default all); may be repeated."),
]


def select_folds(clips: ClipList, path: Path, folds: Sequence[str] | None) -> ClipList:
    """Select the clips of some folds; all clips if no fold is given.

    Args:
        clips: The clip list.
        path: Its file, for the error message.
        folds: Names of folds, as given by the user.

    Raises:
        typer.BadParameter: A fold has no clip.
    """
    if not folds:
        return clips
    known = {clip.fold for clip in clips.clips if clip.fold}
    for fold in folds:
        if fold not in known:
            names = ", ".join(sorted(known)) if known else "no folds"
            raise typer.BadParameter(f"--fold {fold}: {path} has no clip of that fold; it has {names}")
    return replace(clips, clips=tuple(clip for clip in clips.clips if clip.fold in folds))
