"""Metadata of an `.onnx` file, read without the onnx package, and the digest that seals the file.

The last entry of the metadata is the SHA-256 of all bytes before it. So a file that was changed, cut or extended shows
it, and the file is still a plain ONNX model for every other program.
"""

from __future__ import annotations

import mmap
import os
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from panns.checkpoints.digest_cache import file_sha256
from panns.errors import CheckpointError
from panns.system.files import open_regular

SEAL_KEY = "panns_sha256"

# Protocol buffer wire format: https://protobuf.dev/programming-guides/encoding/; field numbers of onnx.proto.
_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5
_METADATA_PROPS = 14
_MAX_METADATA_BYTES = 16 << 20
_MAX_FIELDS = 300_000  # the largest model has 30,000
_MAX_DEPTH = 50
# Messages inside a model that lead to tensors: the message type of each field.
_MESSAGES = {
    "model": {7: "graph", 20: "training"},
    "training": {1: "graph", 2: "graph"},
    "graph": {1: "node", 5: "tensor", 15: "sparse"},
    "node": {5: "attribute"},
    "attribute": {5: "tensor", 6: "graph", 10: "tensor", 11: "graph", 22: "sparse", 23: "sparse"},
    "sparse": {1: "tensor", 2: "tensor"},
    "tensor": {},
}
_FUNCTIONS = 25  # of a model
_OP_TYPE, _DOMAIN = 4, 7  # of a node
_EXTERNAL_DATA, _DATA_LOCATION = 13, 14  # of a tensor
_ENDLESS = frozenset({b"Loop", b"SequenceMap"})
_STANDARD = frozenset({b"", b"ai.onnx"})


def read_onnx_metadata(path: Path) -> dict[str, str]:
    """Read the keys and values of `metadata_props`. The graph is skipped, so a file of 300 MB takes a millisecond.

    Raises:
        CheckpointError: The file is damaged, or not an ONNX model.
    """
    try:
        return read_metadata(_map(path))
    except (ValueError, OSError) as exc:
        raise CheckpointError(f"{path} is damaged, or not an ONNX model ({exc}); export it again") from exc


def read_metadata(data: memoryview) -> dict[str, str]:
    """Read the keys and values of `metadata_props` of a model in memory.

    Raises:
        ValueError: The model is damaged.
    """
    metadata = {}
    for field in _fields(data, 0, len(data)):
        is_small = field.end - field.start <= _MAX_METADATA_BYTES
        if field.number == _METADATA_PROPS and field.kind == _BYTES and is_small:
            key, value = _read_entry(data, field.start, field.end)
            metadata[key] = value
    return metadata


def seal(path: Path) -> None:
    """Append the digest of a finished `.onnx` file to its metadata."""
    with path.open("ab") as file:
        file.write(_seal_of(file_sha256(path)))


def check_seal(path: Path) -> None:
    """Compare an exported file with the digest in it.

    Raises:
        CheckpointError: The file differs from its digest, or has none.
    """
    n_seal = len(_seal_of("0" * 64))
    try:
        with open_regular(path) as file:
            n_content = max(0, os.fstat(file.fileno()).st_size - n_seal)
            file.seek(n_content)
            last = file.read()
        sha256 = file_sha256(path, n_bytes=n_content)
    except OSError as exc:
        raise CheckpointError(f"{path} cannot be read ({exc.strerror or exc}); export it again") from exc
    if last != _seal_of(sha256):
        raise CheckpointError(
            f"{path} differs from its digest: it is damaged, incomplete, or was changed after `panns export` wrote it; "
            "export it again"
        )


def refuse_unsafe_graph(path: Path) -> None:
    """Refuse a graph with weights in other files, which no digest covers, or with repetitions without a bound.

    The rounds of one `Scan` are those of its input; a `Scan` in another multiplies them, as functions that call
    functions do. `Loop` and the operators outside the ONNX standard may repeat as often as they like.

    Raises:
        CheckpointError: The graph has such a part.
    """
    try:
        problem = _find_unsafe_part(_map(path))
    except (ValueError, OSError):
        return  # the runtime refuses the file
    if problem:
        raise CheckpointError(f"{path} {problem}; use a file that `panns export` wrote")


class _Message(NamedTuple):
    """A message to search: its type, its place, its depth, and whether it is inside of a Scan."""

    kind: str
    start: int
    end: int
    depth: int = 0
    is_scanned: bool = False


def _find_unsafe_part(data: memoryview) -> str:
    pending, n_fields = [_Message("model", 0, len(data))], 0
    while pending:
        kind, start, end, depth, is_scanned = pending.pop()
        fields = list(_fields(data, start, end, at_most=_MAX_FIELDS - n_fields))
        n_fields += len(fields)
        if n_fields >= _MAX_FIELDS or depth > _MAX_DEPTH:
            return "has a graph larger or deeper than that of any model"
        if kind == "node":
            operators = {bytes(data[one.start : one.end]) for one in fields if one.number == _OP_TYPE}
            domains = {bytes(data[one.start : one.end]) for one in fields if one.number == _DOMAIN}
            if operators & _ENDLESS or not domains <= _STANDARD or (is_scanned and b"Scan" in operators):
                names = b", ".join(sorted(operators)).decode("utf-8", "replace")[:40]
                return f"has an operator that may run without end ({names})"
            is_scanned |= b"Scan" in operators
        for field in fields:
            if kind == "model" and field.number == _FUNCTIONS:
                return "has functions, which may call each other without end"
            if kind == "tensor" and (
                field.number == _EXTERNAL_DATA or (field.number == _DATA_LOCATION and data[field.start] != 0)
            ):
                return "keeps weights in another file, which no digest covers"
            inner = _MESSAGES[kind].get(field.number)
            if inner is not None and field.kind == _BYTES:
                pending.append(_Message(inner, field.start, field.end, depth + 1, is_scanned))
    return ""


def _map(path: Path) -> memoryview:
    with open_regular(path) as file:
        if not os.fstat(file.fileno()).st_size:  # an empty file cannot be mapped
            return memoryview(b"")
        return memoryview(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ))


class _Field(NamedTuple):
    """A field of a message: its number, its kind on the wire, and the place of its value."""

    number: int
    kind: int
    start: int
    end: int


def _fields(data: memoryview, start: int, end: int, *, at_most: int = _MAX_FIELDS) -> Iterator[_Field]:
    """Fields of the message at a place, the first `at_most` of them.

    Raises:
        ValueError: The message is damaged.
    """
    while start < end and at_most > 0:
        at_most -= 1
        tag, start = _read_varint(data, start, end)
        number, kind = divmod(tag, 8)
        if kind == _BYTES:
            length, start = _read_varint(data, start, end)
            stop = start + length
        elif kind == _VARINT:
            stop = _read_varint(data, start, end)[1]
        elif kind in (_FIXED32, _FIXED64):
            stop = start + (4 if kind == _FIXED32 else 8)
        else:
            raise ValueError(f"unknown wire type {kind}")
        if stop > end:
            raise ValueError("unexpected end of file")
        yield _Field(number, kind, start, stop)
        start = stop


def _seal_of(sha256: str) -> bytes:
    """A StringStringEntryProto in `metadata_props`: field 1 is the key, field 2 the value."""
    key, value = SEAL_KEY.encode(), sha256.encode()
    entry = bytes([1 << 3 | _BYTES, len(key)]) + key + bytes([2 << 3 | _BYTES, len(value)]) + value
    return bytes([_METADATA_PROPS << 3 | _BYTES, len(entry)]) + entry


def _read_entry(data: memoryview, start: int, end: int) -> tuple[str, str]:
    """Read a StringStringEntryProto."""
    texts = {1: "", 2: ""}
    try:
        for field in _fields(data, start, end):
            if field.kind != _BYTES or field.number not in texts:
                raise ValueError("unknown field")
            texts[field.number] = str(data[field.start : field.end], "utf-8")
    except UnicodeDecodeError:
        raise
    except ValueError as exc:
        raise ValueError("damaged metadata") from exc
    return texts[1], texts[2]


def _read_varint(data: memoryview, start: int, end: int) -> tuple[int, int]:
    """Read a number; returns it and the place behind it."""
    value = shift = 0
    while True:
        if start >= end or shift > 63:
            raise ValueError("truncated number")
        byte = data[start]
        start += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, start
        shift += 7
