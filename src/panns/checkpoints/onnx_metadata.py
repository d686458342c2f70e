"""Metadata of an `.onnx` file, read without the onnx package.

The graph is skipped, so a file of 300 MB takes a millisecond.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import BinaryIO

from panns.errors import CheckpointError

# Protocol buffer wire format: https://protobuf.dev/programming-guides/encoding/; field numbers of onnx.proto.
_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5
_METADATA_PROPS = 14
_MAX_METADATA_BYTES = 16 << 20


def read_onnx_metadata(path: Path) -> dict[str, str]:
    """Read the keys and values of `metadata_props`.

    Raises:
        CheckpointError: The file is damaged, or not an ONNX model.
    """
    metadata = {}
    try:
        with path.open("rb") as file:
            n_bytes = os.fstat(file.fileno()).st_size
            while file.tell() < n_bytes:
                field, kind = divmod(_read_varint(file), 8)
                if kind == _BYTES:
                    length = _read_varint(file)
                    end = file.tell() + length
                    if end > n_bytes:
                        raise ValueError("unexpected end of file")
                    if field == _METADATA_PROPS and length <= _MAX_METADATA_BYTES:
                        key, value = _read_entry(file, end)
                        metadata[key] = value
                    file.seek(end)
                elif kind == _VARINT:
                    _read_varint(file)
                elif kind in (_FIXED32, _FIXED64):
                    if file.seek(4 if kind == _FIXED32 else 8, os.SEEK_CUR) > n_bytes:
                        raise ValueError("unexpected end of file")
                else:
                    raise ValueError(f"unknown wire type {kind}")
    except (ValueError, OSError) as exc:
        raise CheckpointError(f"{path} is damaged, or not an ONNX model ({exc}); export it again") from exc
    return metadata


def _read_entry(file: BinaryIO, end: int) -> tuple[str, str]:
    """Read a StringStringEntryProto: field 1 is the key, field 2 the value."""
    texts = {1: "", 2: ""}
    while file.tell() < end:
        field, kind = divmod(_read_varint(file), 8)
        if kind != _BYTES or field not in texts:
            raise ValueError("damaged metadata")
        length = _read_varint(file)
        if file.tell() + length > end:
            raise ValueError("damaged metadata")
        texts[field] = file.read(length).decode("utf-8")
    return texts[1], texts[2]


def _read_varint(file: BinaryIO) -> int:
    value = shift = 0
    while True:
        byte = file.read(1)
        if not byte or shift > 63:
            raise ValueError("truncated number")
        value |= (byte[0] & 0x7F) << shift
        if byte[0] < 0x80:
            return value
        shift += 7
