"""Small TensorFlow Lite files, built with the library of FlatBuffers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import flatbuffers
import numpy as np
import numpy.typing as npt

CODES = {"<f4": 0, "<f2": 1, "<i4": 2, "|u1": 3, "<i8": 4, "|i1": 9}
CONV_2D, DEPTHWISE_CONV_2D, FULLY_CONNECTED, RESHAPE = 3, 4, 9, 22
ACTIVATION_FIELDS = {CONV_2D: 3, DEPTHWISE_CONV_2D: 4, FULLY_CONNECTED: 0}
RELU, RELU6 = 1, 3


@dataclass(frozen=True)
class Constant:
    """A stored tensor; its shape, code, scales, zero points and axis may be other than right."""

    array: npt.NDArray[Any]
    shape: tuple[int, ...] | None = None
    code: int | None = None
    scale: Sequence[float] = ()
    zero: Sequence[int] = ()
    axis: int = 0


@dataclass(frozen=True)
class Operator:
    """An operator with tensors by their numbers; -1 for none."""

    code: int
    inputs: tuple[int, ...]
    activation: int = 0


def _vector(builder: Any, code: str, values: Sequence[Any]) -> int:
    place: int = builder.CreateNumpyVector(np.array(values, code))
    return place


def _tables(builder: Any, places: Sequence[int]) -> int:
    builder.StartVector(4, len(places), 4)
    for place in reversed(places):
        builder.PrependUOffsetTRelative(place)
    made: int = builder.EndVector()
    return made


def _table(builder: Any, offsets: Mapping[int, int], numbers: Mapping[int, tuple[str, int]] = {}) -> int:
    builder.StartObject(9)
    for field, place in offsets.items():
        builder.PrependUOffsetTRelativeSlot(field, place, 0)
    for field, (code, value) in numbers.items():
        getattr(builder, f"Prepend{code}Slot")(field, value, 0)
    made: int = builder.EndObject()
    return made


def tflite_bytes(
    constants: Sequence[Constant], operators: Sequence[Operator], *, version: int = 3, n_graphs: int = 1
) -> bytes:
    """A file of some constants and operators. Tensor 0 is the input, and constant k is tensor k + 1."""
    builder = flatbuffers.Builder(1024)
    buffers, tensors = [_table(builder, {})], [_table(builder, {0: _vector(builder, "<i4", [1])})]
    for i, one in enumerate(constants):
        data = builder.CreateByteVector(one.array.tobytes())
        buffers.append(_table(builder, {0: data}))
        shape = _vector(builder, "<i4", one.array.shape if one.shape is None else one.shape)
        code = CODES[one.array.dtype.newbyteorder("<").str] if one.code is None else one.code
        offsets = {0: shape}
        if len(one.scale) or len(one.zero):
            parts = {2: _vector(builder, "<f4", one.scale), 3: _vector(builder, "<i8", one.zero)}
            offsets[4] = _table(builder, parts, {6: ("Int32", one.axis)})
        tensors.append(_table(builder, offsets, {1: ("Int8", code), 2: ("Uint32", i + 1)}))
    codes = sorted({one.code for one in operators})
    made = []
    for operator in operators:
        offsets = {1: _vector(builder, "<i4", operator.inputs)}
        if operator.code in ACTIVATION_FIELDS:
            offsets[4] = _table(builder, {}, {ACTIVATION_FIELDS[operator.code]: ("Int8", operator.activation)})
        made.append(_table(builder, offsets, {0: ("Uint32", codes.index(operator.code)), 3: ("Uint8", 1)}))
    listed = [_table(builder, {}, {0: ("Int8", min(code, 127)), 3: ("Int32", code)}) for code in codes]
    graph = _table(builder, {0: _tables(builder, tensors), 3: _tables(builder, made)})
    fields = {1: _tables(builder, listed), 2: _tables(builder, [graph] * n_graphs), 4: _tables(builder, buffers)}
    builder.Finish(_table(builder, fields, {0: ("Uint32", version)}), file_identifier=b"TFL3")
    return bytes(builder.Output())
