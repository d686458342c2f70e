"""Expansion of paths: files, folders and glob patterns to a list of sounds."""

from __future__ import annotations

import glob
import logging
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

STDIN = "-"

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Input:
    """A sound to process, or a path that leads to none.

    Attributes:
        file: Path, or "-" for standard input.
        problem: Error message if the path leads to no sound, else None.
    """

    file: str
    problem: str | None = None


def expand_paths(paths: Iterable[str]) -> list[Input]:
    """Expand paths to sounds, in a stable order.

    A folder stands for all sound files below it, sorted, without hidden ones. Glob patterns (`**` included) are
    expanded here too, because not every shell does it. A folder or pattern without a sound gives an input with a
    `problem`, so that it is reported beside the results of the others. Folders of clips of detected events below
    a folder, or found by `**`, are left out with a warning.

    Args:
        paths: Files, folders, glob patterns, or "-" for standard input.

    Raises:
        ValueError: Standard input is named more than once.
    """
    paths = list(paths)
    if paths.count(STDIN) > 1:
        raise ValueError("standard input (-) can be read only once; give - once")
    return [one for path in paths for one in _expand(path)]


def _expand(path: str) -> Iterator[Input]:
    # os.path.isdir returns False where Path.is_dir raises: for a name that is too long, or in a closed folder. Opening
    # the file reports the reason later.
    if os.path.isdir(path):  # noqa: PTH112
        yield from _expand_folder(path)
    elif path == STDIN or os.path.lexists(path) or not glob.has_magic(path):
        yield Input(path)
    else:
        left_out = _LeftOut()
        matches = sorted(match for match in _glob(path) if Path(match).is_file())
        if "**" in path:
            matches = [one for one in matches if not any(left_out.has(str(above)) for above in Path(one).parents)]
        yield from map(Input, matches)
        if not matches:
            yield Input(path, f"{path}: matches no file; check the pattern")


class _LeftOut:
    """Folders of clips below a folder: they are parts of the recordings, which would be processed twice."""

    def __init__(self) -> None:
        self._known: dict[str, bool] = {}

    def has(self, folder: str) -> bool:
        """True for a folder of clips; the first time with a message."""
        if folder not in self._known:
            from panns.data.review.clip_folder import is_clip_folder

            self._known[folder] = is_clip_folder(folder)
            if self._known[folder]:
                logger.warning("%s holds clips of detected events and is left out; give it by itself to use it", folder)
        return self._known[folder]


def _glob(pattern: str) -> list[str]:
    return glob.glob(pattern, recursive=True)  # noqa: PTH207 - Path.glob rejects absolute patterns


def _expand_folder(folder: str) -> Iterator[Input]:
    """Sound files below a folder, then one problem for every unreadable folder."""
    from panns.audio.sound_files import find_sound_files  # numpy and decoders come with it, which --help never needs

    unread: list[OSError] = []
    left_out = _LeftOut()
    is_empty = True
    for path in find_sound_files(folder, on_error=unread.append, is_left_out=left_out.has):
        is_empty = False
        yield Input(path)
    for error in unread:
        is_closed = os.path.isdir(error.filename)  # noqa: PTH112 - as above
        problem = "cannot read the folder" if is_closed else "not read"
        remedy = "check its permissions" if is_closed else "give it by itself if it is meant"
        yield Input(error.filename, f"{error.filename}: {problem} ({error.strerror}); {remedy}")
    if is_empty and not unread:
        yield Input(folder, f"{folder}: contains no sound file; give the file itself if its suffix is unusual")
