"""The file from which a training resumes: written whole or not at all, and read only if every byte is intact."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch

from panns.errors import SettingsError
from panns.networks.torch_files import UnreadableTorchFile, read_torch_file
from panns.system.files import replacing

STATE_FILE = "state.pt"


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
        state = read_torch_file(path, may_be_legacy=False)
    except UnreadableTorchFile as exc:
        raise damaged_state(path) from exc
    if not isinstance(state, dict) or not keys <= state.keys():
        raise damaged_state(path)
    return state


def damaged_state(path: Path) -> SettingsError:
    """The error of a state that cannot be resumed from."""
    return SettingsError(f"{path} is damaged; remove it to start over, or put back a copy")
