"""The option that picks folds of a list of clips, and the clips that are in them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from panns.data.clip_lists import ClipList

OnlyFolds = Annotated[
    list[str] | None,
    typer.Option("--fold", metavar="F", help="Only the clips of this fold; may be given again."),
]


def clips_of(listed: ClipList, path: Path, folds: Sequence[str]) -> ClipList:
    """The clips of these folds, or all where none is named.

    Args:
        listed: All of them.
        path: Where they are listed, for the error.
        folds: As they were given.
    """
    if not folds:
        return listed
    there = {clip.fold for clip in listed.clips if clip.fold}
    for fold in folds:
        if fold not in there:
            known = ", ".join(sorted(there)) if there else "none at all"
            raise typer.BadParameter(f"--fold {fold}: {path} has no clip of that fold; it has {known}")
    return replace(listed, clips=tuple(clip for clip in listed.clips if clip.fold in folds))
