"""Save a network to a checkpoint folder, and load it."""

from __future__ import annotations

from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import nn

from panns.checkpoints.checkpoint import TORCH_FILE, Checkpoint
from panns.checkpoints.manifest import ModelManifest
from panns.checkpoints.tensor_file import write_tensors
from panns.errors import CheckpointError, SettingsError
from panns.networks.build import construct_network, load_strictly
from panns.networks.contract import Network
from panns.networks.frontend import LogMel


def save_checkpoint(network: Network, manifest: ModelManifest, folder: Path) -> Checkpoint:
    """Write parameters and manifest to a checkpoint folder.

    Tensors with an exact half-precision form, as after `round_to_half`, are stored in half precision.

    Args:
        network: Network built from `manifest.config`.
        manifest: Manifest of the checkpoint; sizes and digests of files are filled in.
        folder: Folder to write; created if it does not exist, and its checkpoint replaced.

    Raises:
        OSError: The disk is full, or the folder cannot be written to.
    """
    folder.mkdir(parents=True, exist_ok=True)
    write_tensors(
        folder / TORCH_FILE, {key: value.detach().cpu().numpy() for key, value in network.state_dict().items()}
    )
    return Checkpoint(folder, manifest).record_files(TORCH_FILE)


def load_network(checkpoint: Checkpoint) -> Network:
    """Load the network of a checkpoint, in evaluation mode on the CPU.

    Raises:
        CheckpointError: The parameters are missing, damaged or do not fit the config.
    """
    if not checkpoint.has_file(TORCH_FILE):
        raise CheckpointError(f"{checkpoint.path} has no {TORCH_FILE}; use backend='onnx' or backend='openvino'")
    with torch.device("meta"):  # skips the initial values, which are replaced at once
        network = construct_network(checkpoint.manifest.architecture, checkpoint.manifest.config)
    path = checkpoint.verified_file(TORCH_FILE)
    try:
        parameters = load_file(path)
    except (SafetensorError, OSError, ValueError, TypeError, LookupError, AttributeError, RuntimeError) as exc:
        raise CheckpointError(f"cannot read {path} ({exc}); make the checkpoint again") from exc
    load_strictly(network, parameters, where=str(path))
    for module in network.modules():
        if isinstance(module, LogMel):
            module.set_filters()  # not parameters, so the meta device left them without values
    return network.eval()


def round_to_half(network: nn.Module) -> None:
    """Round every parameter and statistic to half precision, so that files take half the space.

    Raises:
        SettingsError: A value is out of the range of half precision.
    """
    with torch.no_grad():
        for key, value in network.state_dict().items():
            if value.is_floating_point():
                rounded = value.half().float()
                if not torch.isfinite(rounded).all():
                    raise SettingsError(
                        f"{key} reaches {value.abs().max():g}, but half precision ends at 65504; store it in float32"
                    )
                value.copy_(rounded)
