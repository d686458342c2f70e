"""Small checkpoints with random parameters, for tests without published weights.

python -m tests.tiny_checkpoints

writes the stored graphs anew, after a change of their networks: an export takes longer than a hundred tests.
"""

from __future__ import annotations

import gzip
import shutil
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from torch import nn

from panns.checkpoints.checkpoint import GRAPH_FILE, ONNX_FILE, Checkpoint
from panns.checkpoints.manifest import ModelManifest
from panns.export.graph import weightless_graph
from panns.export.to_onnx import export_onnx
from panns.labels import named_labels
from panns.models.registry import find_model
from panns.networks.build import build_network
from panns.networks.contract import Network
from panns.networks.dymn import Context
from panns.networks.saving import load_network, save_checkpoint

GRAPHS = Path(__file__).with_name("tiny_graphs")
# Name of a graph: its architecture, and the settings that make it small.
WITH_GRAPH: dict[str, tuple[str, dict[str, Any]]] = {
    "tiny_frames": ("cnn14_decision_level_max", {"channels": (4, 4, 8, 8, 8, 8), "hidden_dim": 16}),
    "tiny_stream": ("stream", {"stem_channels": 4, "channels": (4, 8, 8), "embedding_dim": 16, "n_heads": 2}),
    # Learns in some dozen steps.
    "untrained": (
        "residual_cnn",
        {"stem_channels": 8, "channels": (8, 12, 16), "embedding_dim": 32, "n_heads": 2, "dropout": 0.0},
    ),
}


def make_checkpoint(folder: Path, architecture: str, **settings: Any) -> Path:
    """Make a checkpoint of a registered model with some settings changed; returns its folder."""
    checkpoint = _with_parameters(folder, architecture, settings)
    export_onnx(checkpoint, folder / ONNX_FILE, frontend="outside")
    return checkpoint.record_files(ONNX_FILE).path


def make_checkpoint_with_graph(folder: Path, name: str) -> Path:
    """Make a checkpoint of `WITH_GRAPH`, whose graph without weights is stored; returns its folder."""
    checkpoint = _with_parameters(folder, *WITH_GRAPH[name])
    (folder / GRAPH_FILE).write_bytes(gzip.decompress((GRAPHS / f"{name}.onnx.gz").read_bytes()))
    return checkpoint.record_files(GRAPH_FILE).path


def graph_of(checkpoint: Checkpoint) -> bytes:
    """Graph of a checkpoint without its weights, exported anew."""
    return weightless_graph(load_network(checkpoint), checkpoint.manifest)


def _with_parameters(folder: Path, architecture: str, settings: dict[str, Any]) -> Checkpoint:
    config = replace(find_model(architecture).config, **settings)
    network = healthy_network(architecture, config)
    manifest = ModelManifest(
        architecture=architecture,
        config=config,
        labels=named_labels(find_model(architecture).labels),
        licence="MIT",
        source="made by a test",
    )
    return save_checkpoint(network, manifest, folder)


def with_manifest(checkpoint: Path, folder: Path, **changes: Any) -> Path:
    """Copy a checkpoint with changed fields in its manifest; returns the folder of the copy."""
    shutil.copytree(checkpoint, folder)
    path = folder / "model.json"
    manifest = ModelManifest.from_json(path.read_text(encoding="utf-8"), where=str(path))
    path.write_text(replace(manifest, **changes).to_json(), encoding="utf-8")
    return folder


def healthy_network(architecture: str, config: Any, seed: int = 0) -> Network:
    """A random network whose scores vary clearly with the sound, in evaluation mode."""
    torch.manual_seed(seed)
    network = build_network(architecture, config)
    norms = [module for module in network.modules() if isinstance(module, nn.BatchNorm1d | nn.BatchNorm2d)]
    with torch.no_grad():
        for module in network.modules():
            if isinstance(module, nn.Conv1d | nn.Conv2d | nn.Linear):
                module.weight.normal_(0, (2 / module.weight[0].numel()) ** 0.5)
        for norm in norms:  # also the norms at the end of residual branches, which are initialised to zero
            norm.weight.uniform_(0.5, 1.0)
            norm.bias.uniform_(-0.2, 0.2)
            norm.momentum = 1.0
        for module in network.modules():
            if isinstance(module, Context):  # its output scales the features of every block, so large values explode
                module.squeeze[1].weight.mul_(0.03)
        # Set running statistics from sounds of loud to quiet levels.
        loudness = torch.logspace(0, -3, 8)[:, None]
        network.train()(loudness * torch.randn(8, max(config.frontend.sample_rate, config.min_input_samples)))
        for norm in norms:
            norm.momentum = 0.1
    return network.eval()


def main() -> None:
    """Write the graphs of `WITH_GRAPH`."""
    GRAPHS.mkdir(exist_ok=True)
    for name, (architecture, settings) in WITH_GRAPH.items():
        with tempfile.TemporaryDirectory() as folder:
            graph = graph_of(_with_parameters(Path(folder) / name, architecture, settings))
        (GRAPHS / f"{name}.onnx.gz").write_bytes(gzip.compress(graph, 9, mtime=0))


if __name__ == "__main__":
    main()
