"""From the PATH arguments of a verb to the sounds that are meant."""

from __future__ import annotations

import glob
import os
from collections.abc import Iterator
from pathlib import Path

# Files of these suffixes are taken from a folder; a file that is named is read whatever its suffix.
SUFFIX_NAMES = """
3gp aac ac3 aif aifc aiff alac amr ape au avi caf dsf flac flv gsm m4a m4b m4v mka mkv mov mp1 mp2 mp3 mp4 mpeg mpg
mpga mts oga ogg ogv opus ra rf64 snd spx ts tta voc w64 wav wave webm wma wmv wv
"""
SOUND_SUFFIXES = frozenset(f".{name}" for name in SUFFIX_NAMES.split())
STDIN = "-"


def expand_paths(paths: list[str]) -> Iterator[str]:
    """The files meant by the arguments, in a stable order: folders with all below them, globs expanded.

    A folder or glob without a sound file is given back as it is, so that reading it names the problem.
    """
    for path in paths:
        if path == STDIN or Path(path).is_file():
            yield path
        elif Path(path).is_dir():
            yield from _files_below(path) or [path]
        elif glob.has_magic(path):
            yield from sorted(match for match in _glob(path) if Path(match).is_file()) or [path]
        else:
            yield path


def _glob(pattern: str) -> list[str]:
    return glob.glob(pattern, recursive=True)  # noqa: PTH207 - Path.glob takes no absolute patterns


def _files_below(folder: str) -> list[str]:
    found = []
    for parent, folders, files in os.walk(folder):
        folders.sort()
        found += [os.path.join(parent, file) for file in sorted(files) if Path(file).suffix.lower() in SOUND_SUFFIXES]  # noqa: PTH118 - keeps the path as it was given
    return found
