"""Build the network of a registered model, with fresh or published parameters."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from panns.errors import CheckpointError
from panns.models.base import ModelConfig
from panns.models.parameters import Parameter, misfit
from panns.models.registry import ModelEntry, find_model
from panns.networks.contract import Network
from panns.networks.weight_kinds import check_weight
from panns.published.conversion import read_published


def build_network(architecture: str, config: ModelConfig | None = None) -> Network:
    """Build a network with fresh initial values, in training mode.

    Args:
        architecture: Registered name of the model.
        config: Config of the network; None for the registered one.
    """
    network = construct_network(architecture, config)
    network.initialise()
    return network


def construct_network(architecture: str, config: ModelConfig | None = None) -> Network:
    """Build a network without its initial values, which takes no time, for parameters that follow at once."""
    entry = find_model(architecture)
    network: Network = _import(entry.network)(config or entry.config)
    return network


def load_published(entry: ModelEntry, path: Path) -> Network:
    """Build a registered model with the parameters of its published file, in evaluation mode on the CPU.

    Raises:
        CheckpointError: The file is damaged, or belongs to another model or front end.
    """
    parameters = read_published(entry, path)
    network = construct_network(entry.name)
    # Copies, because arrays of a mapped file cannot be written to.
    tensors = {key: torch.from_numpy(np.array(array)) for key, array in parameters.items()}
    load_strictly(network, tensors, where=f"{path} loaded as {entry.name}")
    return network.eval()


def parameters_of_network(network: nn.Module) -> dict[str, Parameter]:
    """Names, types and shapes of what a network stores."""
    return {
        key: Parameter(str(value.dtype).removeprefix("torch."), tuple(value.shape))
        for key, value in network.state_dict().items()
    }


def load_strictly(network: nn.Module, parameters: Mapping[str, Tensor], *, where: str) -> None:
    """Load parameters into a network; names and shapes must match exactly."""
    shapes = {key: tuple(value.shape) for key, value in parameters.items()}
    problem = misfit(shapes, parameters_of_network(network))
    if problem is not None:
        raise CheckpointError(f"{where} does not fit: {problem}; load it with the name of its model")
    # A file may hold another precision, such as float16; the network computes in its own.
    dtypes = {key: value.dtype for key, value in network.state_dict().items()}
    try:
        for key, dtype in dtypes.items():
            check_weight(key, parameters[key], dtype)
    except ValueError as exc:
        raise CheckpointError(f"{where} does not fit: {exc}; load it with the name of its model") from exc
    network.load_state_dict({key: value.to(dtypes[key]) for key, value in parameters.items()}, assign=True)


def _import(place: str) -> Any:  # noqa: ANN401 - any "module:name" of the registry
    module, name = place.split(":")
    return getattr(importlib.import_module(module), name)
