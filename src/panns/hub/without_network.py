"""Models that run on this machine as it is, without a network."""

from __future__ import annotations

from importlib.util import find_spec

from panns.checkpoints.checkpoint import ONNX_FILE, Checkpoint
from panns.checkpoints.graph_files import has_shipped_graph
from panns.errors import CheckpointError
from panns.hub.download import cached_file
from panns.hub.resolve import find_checkpoint, published_weights
from panns.models.registry import ModelEntry

GRAPH_PACKAGES = ("torch", "safetensors", "onnx", "onnxscript")  # that make a missing graph


def runs_offline(entry: ModelEntry) -> bool:
    """True if a registered model runs by its name, without a network: its files are here, intact and complete."""
    try:
        checkpoint = find_checkpoint(entry)
    except CheckpointError:
        return False
    if checkpoint is not None:
        return runs(checkpoint)
    weights = published_weights(entry)
    return weights is not None and cached_file(weights) is not None and (has_shipped_graph(entry.name) or _has_torch())


def runs(checkpoint: Checkpoint) -> bool:
    """True if a checkpoint is intact, and has a graph or the packages that make one."""
    try:
        checkpoint.verify()
    except CheckpointError:
        return False
    return checkpoint.has_file(ONNX_FILE) or checkpoint.has_graph or _has_torch()


def _has_torch() -> bool:
    return all(find_spec(package) is not None for package in GRAPH_PACKAGES)
