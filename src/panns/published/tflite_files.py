"""Constant arrays of TensorFlow Lite files, read without TensorFlow and without running anything.

Schema: tensorflow/compiler/mlir/lite/schema/schema.fbs, version 3. Every constant is named by the operator that it
enters, because the names of tensors may repeat. Weights of 8 bits become float32, by their scales.
"""

from __future__ import annotations

import math
import mmap
import os
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from panns.errors import CheckpointError
from panns.published.flat_buffers import DamagedBuffer, Table
from panns.published.state_dict import Array, StateDict
from panns.system.files import open_regular

_VERSION = 3
_TYPES = {0: "<f4", 1: "<f2", 2: "<i4", 3: "|u1", 4: "<i8", 7: "<i2", 9: "|i1"}
_FLOATS = (0, 1)
# Operators with weights: name, and place of the activation among its options.
_OPERATORS = {3: ("conv_2d", 3), 4: ("depthwise_conv_2d", 4), 9: ("fully_connected", 0)}
_ACTIVATIONS = {0: "", 1: "_relu", 3: "_relu6"}
# Far beyond every model of sounds; they keep a file that names one part a million times from taking hours.
_MOST_TENSORS, _MOST_INPUTS, _MOST_DIMENSIONS = 20_000, 64, 8


def read_tflite_file(path: Path) -> StateDict:
    """Read the constants that enter the operators of a TensorFlow Lite file with one graph.

    Returns:
        Arrays by the number of the operator, its name and the number of the input, such as "14.conv_2d_relu.1" for the
        weights and "14.conv_2d_relu.2" for the bias of a convolution. Names end in the activation, where there is one.

    Raises:
        CheckpointError: The file is damaged.
    """
    try:
        with open_regular(path) as file:
            if os.fstat(file.fileno()).st_size < 8:
                raise DamagedBuffer("it is truncated")
            data = memoryview(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ))
        return _Graph(Table.root(data)).constants()
    except (OSError, ValueError) as exc:
        raise CheckpointError(f"cannot read {path} as TensorFlow Lite: {exc}; download it again") from exc


class _Graph:
    """The graph of a model."""

    def __init__(self, model: Table) -> None:
        version, graphs = model.number(0, "I"), model.tables(2, most=_MOST_TENSORS)
        if version != _VERSION or len(graphs) != 1:
            raise DamagedBuffer(f"it has format version {version} and {len(graphs)} graphs, where 3 and 1 belong")
        (graph,) = graphs
        self._codes = [_operator_code(code) for code in model.tables(1, most=_MOST_TENSORS)]
        self._buffers = model.tables(4, most=_MOST_TENSORS)
        self._tensors = graph.tables(0, most=_MOST_TENSORS)
        self._operators = graph.tables(3, most=_MOST_TENSORS)
        self._n_bytes_left = 4 * len(model.data)  # each number of 8 bits becomes one of 32 bits

    def constants(self) -> StateDict:
        """Constants by operator and input."""
        found: StateDict = {}
        for i, operator in enumerate(self._operators):
            name = self._name_of(operator)
            for place, index in enumerate(operator.numbers(1, "i", most=_MOST_INPUTS)):
                array = None if index == -1 else self._array(_item(self._tensors, index))
                if array is not None:
                    found[f"{i}.{name}.{place}"] = array
        if not found:
            raise DamagedBuffer("it has no constants")
        return found

    def _name_of(self, operator: Table) -> str:
        code = _item(self._codes, operator.number(0, "I"))
        if code not in _OPERATORS:
            return f"operator_{code}"
        name, field = _OPERATORS[code]
        options = operator.table(4)
        activation = 0 if options is None else options.number(field, "b")
        return name + _ACTIVATIONS.get(activation, f"_activation_{activation}")

    def _array(self, tensor: Table) -> Array | None:
        """Numbers of a tensor; None for one that is computed, or of another kind than numbers."""
        content = _item(self._buffers, tensor.number(2, "I")).bytes_of(0, 1)
        kind = tensor.number(1, "b")
        if not len(content) or kind not in _TYPES:
            return None
        shape, dtype = tensor.numbers(0, "i", most=_MOST_DIMENSIONS), np.dtype(_TYPES[kind])
        if min(shape, default=0) < 0 or math.prod(shape) * dtype.itemsize != len(content):
            raise DamagedBuffer(f"it has an array of shape {shape} in {len(content):,} bytes")
        stored: npt.NDArray[Any] = np.frombuffer(content, dtype).reshape(shape)
        self._n_bytes_left -= stored.size * max(4, dtype.itemsize)
        if self._n_bytes_left < 0:
            raise DamagedBuffer("its operators share more arrays than it holds")
        scales = None if kind in _FLOATS else tensor.table(4)
        return stored if scales is None else _scaled(stored, scales)


def _operator_code(code: Table) -> int:
    """Number of a built-in operator; the older field holds those below 127, and 127 for the others."""
    return max(code.number(0, "b"), code.number(3, "i"))


def _scaled(stored: Array, quantization: Table) -> Array:
    """Floats of stored integers: one scale for all, or one for each place on an axis."""
    n_most = max(1, *stored.shape) if stored.ndim else 1
    scale = np.frombuffer(quantization.bytes_of(2, 4, most=n_most), "<f4")
    zero = np.frombuffer(quantization.bytes_of(3, 8, most=n_most), "<i8")
    if not scale.size:
        return stored  # integers that mean themselves
    axis = quantization.number(6, "i")
    if scale.size > 1:
        if not 0 <= axis < stored.ndim or stored.shape[axis] != scale.size or zero.size not in (0, scale.size):
            raise DamagedBuffer(f"it has {scale.size} scales for axis {axis} of an array of shape {stored.shape}")
        along = tuple(-1 if i == axis else 1 for i in range(stored.ndim))
        scale, zero = scale.reshape(along), zero.reshape(along) if zero.size else zero
    floats = stored.astype(np.float32)
    if zero.any():
        floats -= zero.astype(np.float32)
    with np.errstate(over="ignore", invalid="ignore"):  # what is not finite is refused as a parameter
        floats *= scale
    return floats


def _item(items: list[Any], index: int) -> Any:  # noqa: ANN401 - tables or codes
    if not 0 <= index < len(items):
        raise DamagedBuffer(f"it refers to part {index} of {len(items)}")
    return items[index]
