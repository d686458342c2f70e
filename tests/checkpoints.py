"""Small checkpoints with random parameters, so that the runtime can be tested without published weights."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from torch import nn

from panns.export.prepare import prepare
from panns.labels import audioset
from panns.models.checkpoint import Manifest
from panns.models.registry import find_model
from panns.networks.build import build_network
from panns.networks.checkpoint import save_checkpoint


def make_checkpoint(folder: Path, architecture: str, **settings: Any) -> Path:
    """A whole checkpoint of a registered model with some settings changed; returns its folder."""
    config = replace(find_model(architecture).config, **settings)
    network = healthy_network(architecture, config)
    manifest = Manifest(
        architecture=architecture, config=config, labels=audioset(), licence="MIT", source="made by a test"
    )
    save_checkpoint(network, manifest, folder)
    return prepare(folder, needs_onnx=True).path


def healthy_network(architecture: str, config: Any, seed: int = 0) -> nn.Module:
    """A network whose scores depend clearly on what it hears, in evaluation mode."""
    torch.manual_seed(seed)
    network = build_network(architecture, config)
    with torch.no_grad():
        for name, module in network.named_modules():
            if isinstance(module, nn.BatchNorm2d):
                is_input = name == "input_norm"  # it sees decibels
                module.running_mean.uniform_(-32, -22) if is_input else module.running_mean.uniform_(-0.1, 0.1)
                module.running_var.uniform_(250, 450) if is_input else module.running_var.uniform_(0.7, 1.3)
            elif isinstance(module, nn.Conv2d | nn.Linear):
                module.weight.normal_(0, (2 / module.weight[0].numel()) ** 0.5)
    return network.eval()
