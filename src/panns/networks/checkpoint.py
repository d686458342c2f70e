"""A network into a checkpoint folder and back."""

from __future__ import annotations

from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import nn

from panns.errors import CheckpointError
from panns.files import replacing
from panns.models.checkpoint import TORCH_FILE, Checkpoint, Manifest
from panns.networks.build import construct_network, load_strictly
from panns.networks.frontend import LogMel


def save_checkpoint(network: nn.Module, manifest: Manifest, folder: Path) -> Checkpoint:
    """Write parameters and manifest to a folder, which is made if need be.

    Args:
        network: Built from `manifest.config`.
        manifest: What is known of it; sizes and digests of files are filled in.
        folder: Where to; a checkpoint that lies there is replaced.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with replacing(folder / TORCH_FILE) as partial:
        save_file({key: value.detach().cpu().contiguous() for key, value in network.state_dict().items()}, partial)
        partial.chmod(folder.stat().st_mode & 0o666)  # safetensors writes files that only their maker may read
    return Checkpoint(folder, manifest).with_files(TORCH_FILE)


def load_network(checkpoint: Checkpoint) -> nn.Module:
    """The network of a checkpoint, with its parameters, in evaluation mode on the CPU.

    Raises:
        CheckpointError: The parameters are missing, damaged or do not fit the config.
    """
    if not checkpoint.has(TORCH_FILE):
        raise CheckpointError(f"{checkpoint.path} holds no {TORCH_FILE}; run it with the backend 'onnx' or 'openvino'")
    with torch.device("meta"):  # no time is spent on initial values that are replaced at once
        network = construct_network(checkpoint.manifest.architecture, checkpoint.manifest.config)
    path = checkpoint.file(TORCH_FILE)
    try:
        parameters = load_file(path)
    except (SafetensorError, OSError) as exc:
        raise CheckpointError(f"{path} cannot be read ({exc}); make the checkpoint again") from exc
    load_strictly(network, parameters, where=str(path))
    # Filters are no parameters, so they have no values on the meta device.
    network.frontend = LogMel(checkpoint.manifest.config.frontend)
    return network.eval()
