"""Sound files in a folder, found by suffix, without hidden files, in a stable order."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Callable, Iterator

# Suffixes searched for in folders. A file given by its path is read whatever its suffix.
SUFFIX_NAMES = """
3gp aac ac3 aif aifc aiff alac amr ape au avi caf dsf flac flv gsm m4a m4b m4v mka mkv mov mp1 mp2 mp3 mp4 mpeg mpg
mpga mts oga ogg ogv opus ra rf64 snd spx ts tta voc w64 wav wave webm wma wmv wv
"""
PIPE_OR_DEVICE = "a pipe or a device, not a file"
SOUND_SUFFIXES = frozenset(f".{name}" for name in SUFFIX_NAMES.split())


def is_sound_name(name: str) -> bool:
    """Return True for a name with the suffix of a sound file, unless it is hidden.

    On foreign disks macOS writes a hidden ._x.wav with metadata beside every x.wav.

    Examples:
        >>> is_sound_name("dog.WAV"), is_sound_name("._dog.wav"), is_sound_name("notes.txt")
        (True, False, False)
    """
    return not name.startswith(".") and os.path.splitext(name)[1].lower() in SOUND_SUFFIXES  # noqa: PTH122 - ten times faster


def find_sound_files(
    folder: str, *, on_error: Callable[[OSError], None], is_left_out: Callable[[str], bool] = lambda _: False
) -> Iterator[str]:
    """Yield the paths of all sound files in a folder and its subfolders, without hidden ones.

    Follows links, but visits each folder only once.

    Args:
        folder: The folder; the paths begin with it as given.
        on_error: Called with the error of every folder that cannot be listed, and of every pipe or device with the
            name of a sound.
        is_left_out: True for the path of a subfolder that is not searched.
    """
    visited: set[str] = set()
    for parent, folders, files in os.walk(folder, followlinks=True, onerror=on_error):
        real = os.path.realpath(parent)
        if real in visited:
            folders.clear()
            continue
        visited.add(real)
        folders[:] = sorted(
            name
            for name in folders
            if not name.startswith(".") and not is_left_out(os.path.join(parent, name))  # noqa: PTH118 - as below
        )
        for name in sorted(files):
            if is_sound_name(name):
                path = os.path.join(parent, name)  # noqa: PTH118 - keeps the path as it was given
                if is_pipe_or_device(path):
                    on_error(OSError(errno.EINVAL, PIPE_OR_DEVICE, path))
                else:
                    yield path


def is_pipe_or_device(path: str) -> bool:
    """True for what is not a file: reading it might wait for a writer without end."""
    try:
        mode = os.stat(path).st_mode  # noqa: PTH116 - half the time of Path.stat
    except (OSError, ValueError):
        return False  # opening it gives the reason
    return not stat.S_ISREG(mode) and not stat.S_ISDIR(mode)
