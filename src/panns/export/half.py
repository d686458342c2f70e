"""Store the weights of an exported graph in half precision; the graph still computes in float32."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import onnx_ir as ir

# A conversion node for fewer values would take more space than it saves.
_MIN_VALUES = 512


def store_in_half(graph: ir.Graph) -> None:
    """Store every array with an exact half-precision form in it, with a conversion that runtimes do once, at loading.

    Args:
        graph: Graph to change in place.
    """
    import onnx_ir as ir

    first = next(iter(graph))
    for name, value in list(graph.initializers.items()):
        array = None if value.const_value is None else value.const_value.numpy()
        if array is None or array.dtype != np.float32 or array.size < _MIN_VALUES:
            continue
        with np.errstate(over="ignore"):
            half = array.astype(np.float16)
        if not np.array_equal(half.astype(np.float32), array):
            continue
        stored = ir.Value(
            name=f"{name}.half",
            shape=value.shape,
            type=ir.TensorType(ir.DataType.FLOAT16),
            const_value=ir.tensor(half, name=f"{name}.half"),
        )
        graph.register_initializer(stored)
        node = ir.node("Cast", [stored], {"to": ir.DataType.FLOAT})
        node.outputs[0].shape, node.outputs[0].type = value.shape, value.type
        graph.insert_before(first, node)
        ir.convenience.replace_all_uses_with(value, node.outputs[0])
        del graph.initializers[name]
        node.outputs[0].name = name
