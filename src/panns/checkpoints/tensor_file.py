"""Safetensors files, written and mapped without a library: https://github.com/huggingface/safetensors#format.

Eight bytes with the length of the header, a JSON header with the type, shape and place of every array, and the numbers.
"""

from __future__ import annotations

import math
import mmap
import os
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from panns.errors import CheckpointError
from panns.system.files import open_regular, replacing
from panns.system.json_files import parse_json, to_json

_MAX_DIMENSIONS, _MAX_SIZE = 16, 1 << 48
_MAX_HEADER_BYTES = 16 << 20
_TYPES = {"F64": "<f8", "F32": "<f4", "F16": "<f2", "I64": "<i8", "I32": "<i4", "I16": "<i2", "I8": "|i1", "U8": "|u1"}
_NAMES = {np.dtype(code): name for name, code in _TYPES.items()} | {np.dtype(np.bool_): "BOOL"}
# Other types of files. numpy has no bfloat16, which is the upper half of float32.
_READ = {"BOOL": np.dtype(np.bool_), "BF16": np.dtype("<u2")}
_BLOCK = 1 << 20  # numbers converted at once, so that writing takes little memory


@dataclass(frozen=True)
class StoredArray:
    """Type, shape and place of an array in a file.

    Attributes:
        dtype: Type of its numbers.
        shape: Its shape.
        start: Place of its first byte in the file.
        n_bytes: Its size.
        is_bfloat16: True for numbers whose type numpy lacks; `dtype` is then that of their bits.
    """

    dtype: np.dtype[Any]
    shape: tuple[int, ...]
    start: int
    n_bytes: int
    is_bfloat16: bool = False


class TensorFile:
    """A mapped file of named arrays.

    Attributes:
        path: The file.
        arrays: Place of every array, by name.

    Raises:
        CheckpointError: The file is damaged.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            with open_regular(path) as file:
                if os.fstat(file.fileno()).st_size < 8:
                    raise ValueError("it is truncated")
                # Copied on writing, because OpenVINO and torch refuse arrays that cannot be written to.
                self._data = memoryview(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_COPY))
            self.arrays = _read_header(self._data)
        except (OSError, ValueError, TypeError, LookupError, AttributeError, OverflowError, RecursionError) as exc:
            raise CheckpointError(f"cannot read {path} ({exc}); make the checkpoint again") from exc

    def array(self, name: str) -> npt.NDArray[Any]:
        """An array, as a view of the file; bfloat16 becomes float32."""
        place = self.arrays[name]
        flat: npt.NDArray[Any] = np.frombuffer(self._data, place.dtype, math.prod(place.shape), place.start)
        if place.is_bfloat16:
            flat = (flat.astype(np.uint32) << 16).view(np.float32)
        return flat.reshape(place.shape)


def _read_header(data: memoryview) -> dict[str, StoredArray]:
    (n_header,) = struct.unpack_from("<Q", data)
    start = 8 + n_header
    if n_header > _MAX_HEADER_BYTES or start > len(data):
        raise ValueError("it is truncated")
    header = parse_json(str(data[8:start], "utf-8"))
    header.pop("__metadata__", None)
    arrays = {}
    for name, entry in header.items():
        kind = entry["dtype"]
        if kind not in _READ and kind not in _TYPES:
            known = ", ".join(sorted({*_READ, *_TYPES}))
            raise ValueError(f"{name[:100]} is of type {str(kind)[:100]!r}; {known} are read")
        dtype = _READ[kind] if kind in _READ else np.dtype(_TYPES[kind])
        shape, (first, last) = tuple(entry["shape"]), entry["data_offsets"]
        # Bounded before they are multiplied; numpy refuses larger ones also where another dimension is 0.
        is_whole = len(shape) <= _MAX_DIMENSIONS and all(
            type(number) is int and 0 <= number < _MAX_SIZE for number in (*shape, first, last)
        )
        if not is_whole or math.prod(size or 1 for size in shape) >= _MAX_SIZE:
            raise ValueError(f"{name[:100]} has the shape {str(shape[:_MAX_DIMENSIONS])[:100]}, which no model has")
        n_bytes = math.prod(shape) * dtype.itemsize
        if n_bytes != last - first or start + last > len(data):
            raise ValueError(f"{name[:100]} has the shape {shape} at bytes {first} to {last} of {len(data) - start}")
        arrays[name] = StoredArray(dtype, shape, start + first, n_bytes, is_bfloat16=kind == "BF16")
    return arrays


def write_tensors(path: Path, arrays: Mapping[str, npt.NDArray[Any]]) -> None:
    """Write named arrays; those with an exact half-precision form take half the space.

    Raises:
        OSError: The disk is full, or the folder cannot be written to.
    """
    types = {
        name: np.dtype("<f2") if _is_half(array) else array.dtype.newbyteorder("<") for name, array in arrays.items()
    }
    # Large numbers first, so that each array starts at a multiple of its own.
    names = sorted(arrays, key=lambda name: (-types[name].itemsize, name))
    header: dict[str, Any] = {}
    place = 0
    for name in names:
        end = place + arrays[name].size * types[name].itemsize
        kind = _NAMES[types[name]]
        header[name] = {"dtype": kind, "shape": list(arrays[name].shape), "data_offsets": [place, end]}
        place = end
    text = to_json(header, is_compact=True).encode()
    text += b" " * (-len(text) % 8)
    with replacing(path) as partial, partial.open("wb") as file:
        file.write(struct.pack("<Q", len(text)) + text)
        for name in names:
            flat = arrays[name].reshape(-1)
            for first in range(0, flat.size, _BLOCK):
                file.write(flat[first : first + _BLOCK].astype(types[name]).tobytes())


def _is_half(array: npt.NDArray[Any]) -> bool:
    """True for float32 numbers that half precision holds exactly."""
    if array.dtype != np.float32:
        return False
    flat = array.reshape(-1)
    with np.errstate(over="ignore"):
        return all(
            np.array_equal(flat[first : first + _BLOCK].astype(np.float16), flat[first : first + _BLOCK])
            for first in range(0, flat.size, _BLOCK)
        )
