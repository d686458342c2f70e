"""The named arrays of a published file, in whichever format its first bytes announce."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from panns.checkpoints.tensor_file import TensorFile
from panns.errors import CheckpointError
from panns.published.hdf5_files import SIGNATURE, read_hdf5_file
from panns.published.state_dict import StateDict, read_state_dict
from panns.published.tflite_files import read_tflite_file
from panns.system.files import open_regular

_HEAD_BYTES = 16
_MAX_SAFETENSORS_HEADER = 16 << 20


class PublishedFormat(NamedTuple):
    """A format of published files.

    Attributes:
        starts: True for the first 16 bytes of a file in this format.
        read: Reader of the arrays, by name. It runs nothing in the file, takes memory in proportion to its size, and
            raises `CheckpointError` for a damaged one.
    """

    starts: Callable[[bytes], bool]
    read: Callable[[Path], StateDict]


def read_arrays(path: Path) -> StateDict:
    """Read the named arrays of a published file; a file of no other format is read as one of torch.

    The names are those of the format: a converter renames them to those of the network.

    Raises:
        CheckpointError: The file is damaged, or contains more than arrays.
    """
    try:
        with open_regular(path) as file:
            head = file.read(_HEAD_BYTES)
    except OSError as exc:
        raise CheckpointError(f"cannot read {path} as published weights: {exc}") from exc
    read = next((known.read for known in FORMATS if known.starts(head)), read_state_dict)
    return read(path)


def _starts_safetensors(head: bytes) -> bool:
    """True for the length of a header of JSON, and the start of the header."""
    return int.from_bytes(head[:8], "little") <= _MAX_SAFETENSORS_HEADER and head[8:9] == b"{"


def _read_safetensors(path: Path) -> StateDict:
    try:
        file = TensorFile(path)
    except CheckpointError as exc:
        raise CheckpointError(f"cannot read {path} as safetensors: {exc.__cause__}; download it again") from exc
    n_bytes = sum(array.n_bytes for array in file.arrays.values())
    if n_bytes > path.stat().st_size:  # many names for one array
        raise CheckpointError(f"cannot use {path}: its arrays overlap; download it again")
    return {name: file.array(name) for name in file.arrays}


FORMATS = (
    PublishedFormat(_starts_safetensors, _read_safetensors),
    PublishedFormat(lambda head: head[4:8] == b"TFL3", read_tflite_file),
    PublishedFormat(lambda head: head.startswith(SIGNATURE), read_hdf5_file),
)
