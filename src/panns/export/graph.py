"""The ONNX graph of a network without its weights, which runtimes take from the parameter file.

A parameter in the graph is a name that nothing defines: `panns.checkpoints.graph_files` adds the definitions.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from panns.checkpoints.graph_files import PARAMETERS_KEY, ParameterPart
from panns.checkpoints.manifest import ModelManifest
from panns.export.to_onnx import graph_arguments, run_exporter
from panns.networks.contract import Network
from panns.system.json_files import to_json

if TYPE_CHECKING:
    import onnx_ir as ir

# ONNX Runtime copies the weights of a convolution four times while it loads them. In parts of this size, the copies of
# CNN14 take 452 MB at their peak instead of 1,146 MB; it returns the memory of smaller parts later.
MAX_PART_BYTES = 40_000_000
# It merges a batch norm into the weights before it, in a copy that stays beside the file's. A concatenation between the
# two, even of one part, prevents that: CNN14 then peaks at 481 MB instead of 600 MB, and computes as fast as before.
MIN_PART_BYTES = 4_000_000


def weightless_graph(network: Network, manifest: ModelManifest) -> bytes:
    """The graph that backends run, from the output of the front end to probabilities, without weights.

    Args:
        network: Network of the manifest's config; its values do not matter, and may be on the meta device.
        manifest: Config and activation.
    """
    import onnx_ir as ir

    device = next(network.parameters()).device
    program = run_exporter(graph_arguments(network.eval(), manifest, is_inside=False), device)
    graph = program.model.graph
    stored = network.state_dict().keys()
    values: dict[str, ir.Value] = {}
    for name, value in list(graph.initializers.items()):
        if (parameter := name.removeprefix("network.")) in stored:
            # As an input, whose value is unknown, it stays what it is while the graph is simplified.
            del graph.initializers[name]
            value.const_value, value.name = None, parameter
            graph.inputs.append(value)
            values[parameter] = value
    program.optimize()
    parts = [ParameterPart(name) for name, value in values.items() if value.uses()]
    parts = [one for part in parts for one in _split(graph, values[part.name], part)]
    for value in values.values():
        graph.inputs.remove(value)
    _strip_names(graph, {*values, *(part.value_name for part in parts)})
    program.model.metadata_props.clear()
    program.model.metadata_props[PARAMETERS_KEY] = to_json([part.to_plain() for part in parts], is_compact=True)
    program.model.producer_name, program.model.producer_version = "panns", None
    graph_bytes: bytes = ir.to_proto(program.model).SerializeToString(deterministic=True)
    return graph_bytes


def _split(graph: ir.Graph, weight: ir.Value, part: ParameterPart) -> list[ParameterPart]:
    """Split a convolution with a large weight into several, each with a part of the output channels."""
    import onnx_ir as ir

    assert weight.shape is not None
    shape = tuple(size for size in weight.shape if isinstance(size, int))
    n_bytes = 4 * math.prod(shape)
    n_parts = 2 ** math.ceil(math.log2(max(1.0, n_bytes / MAX_PART_BYTES)))
    uses = list(weight.uses())
    if (
        n_bytes < MIN_PART_BYTES
        or len(uses) != 1
        or uses[0].node.op_type != "Conv"
        or len(shape) < 3
        or shape[0] % n_parts
    ):
        return [part]
    conv = uses[0].node
    group = conv.attributes.get("group")
    if len([one for one in conv.inputs if one is not None]) != 2 or (group is not None and group.as_int() != 1):
        return [part]
    n_channels = shape[0] // n_parts
    parts = [ParameterPart(part.name, i * n_channels, (i + 1) * n_channels) for i in range(n_parts)]
    outputs = []
    for one in parts:
        value = ir.Value(name=one.value_name, type=weight.type, shape=ir.Shape((n_channels, *shape[1:])))
        node = ir.node("Conv", [conv.inputs[0], value], dict(conv.attributes))
        graph.insert_before(conv, node)
        outputs.append(node.outputs[0])
    joined = ir.node("Concat", outputs, {"axis": 1})
    graph.insert_before(conv, joined)
    ir.convenience.replace_all_uses_with(conv.outputs[0], joined.outputs[0])
    graph.remove(conv, safe=True)
    return parts


def _strip_names(graph: ir.Graph, kept: set[str]) -> None:
    """Number the values inside the graph, and leave out what only readers of the graph need."""
    kept = kept | {str(value.name) for value in (*graph.inputs, *graph.outputs)}
    numbers: dict[str, str] = {}
    for i, node in enumerate(graph.all_nodes()):
        node.name = f"n{i}"
        node.doc_string = None
        node.metadata_props.clear()
        for value in node.outputs:
            if value.name and value.name not in kept:
                value.name = numbers.setdefault(value.name, f"v{len(numbers)}")
            if value.name not in kept:
                value.shape, value.type = None, None
    graph.name, graph.doc_string = "panns", None
    graph.metadata_props.clear()
