"""The file from which a training resumes: written whole or not at all, and read only if every byte is intact."""

from __future__ import annotations

import pickle
import struct
import zipfile
import zlib
from pathlib import Path
from typing import Any

import torch

from panns.errors import SettingsError
from panns.system.files import open_regular, replacing

STATE_FILE = "state.pt"
# Exceptions of torch.load and zipfile for damaged files, found by changing random bytes of intact files.
_UNREADABLE = (
    pickle.UnpicklingError,
    zipfile.BadZipFile,
    zlib.error,
    struct.error,
    EOFError,
    OSError,
    RuntimeError,
    ValueError,
    TypeError,
    LookupError,
    AttributeError,
    AssertionError,
    OverflowError,
    MemoryError,
)


def write_state(path: Path, state: dict[str, Any]) -> None:
    """Write a state; the one before stays until the new one is on the disk.

    Raises:
        OSError: The disk is full, or the folder cannot be written to.
    """
    # A file of Python, because torch reports a full disk without its reason.
    with replacing(path) as partial, partial.open("wb") as file:
        try:
            torch.save(state, file)
        except RuntimeError as exc:
            raise OSError(f"{path} cannot be written: {exc}") from exc


def read_state(path: Path, keys: set[str]) -> dict[str, Any]:
    """Read a state with these keys, and more.

    Raises:
        SettingsError: The file is damaged.
    """
    try:
        open_regular(path).close()
        _check_zip(path)
        state = torch.load(path, map_location="cpu", weights_only=True)
    except _UNREADABLE as exc:
        raise damaged_state(path) from exc
    if not isinstance(state, dict) or not keys <= state.keys():
        raise damaged_state(path)
    return state


def damaged_state(path: Path) -> SettingsError:
    """The error of a state that cannot be resumed from."""
    return SettingsError(f"{path} is damaged; remove it to start over, or put back a copy")


def _check_zip(path: Path) -> None:
    """Compare every member with its checksum, which torch does not; torch stores members as they are."""
    with zipfile.ZipFile(path) as file:
        if any(one.compress_type != zipfile.ZIP_STORED for one in file.infolist()):
            raise zipfile.BadZipFile("compressed")
        if (damaged := file.testzip()) is not None:
            raise zipfile.BadZipFile(f"{damaged} differs from its checksum")
