"""Build the network of a registered model, with fresh or published parameters."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from torch import nn

from panns.errors import CheckpointError
from panns.models.base import ModelConfig
from panns.models.registry import OWN_WEIGHTS_HINT, ModelEntry, find_model
from panns.networks.contract import Network
from panns.networks.published import StateDict, read_state_dict, split_frontend
from panns.networks.torch_files import UnreadableTorchFile, check_weight


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

    A model with `starts_from` loads the published file of that other model. Its new layers get initial values that are
    equal every time.

    Raises:
        CheckpointError: The file is damaged, or belongs to another model or front end.
    """
    if entry.converter is None:
        raise CheckpointError(f"{entry.name!r} has no published weights, so it cannot load {path}; {OWN_WEIGHTS_HINT}")
    state_dict = split_frontend(read_state_dict(path), entry.config.frontend, name=entry.name)
    parameters = converter_of(entry)(state_dict)
    if entry.starts_from is None:
        network = construct_network(entry.name)
    else:
        with torch.random.fork_rng(devices=()):
            torch.manual_seed(0)
            network = build_network(entry.name)
        parameters = {key: value for key, value in network.state_dict().items() if key not in parameters} | parameters
    load_strictly(network, parameters, where=f"{path} loaded as {entry.name}")
    return network.eval()


def converter_of(entry: ModelEntry) -> Callable[[StateDict], StateDict]:
    """Function that renames a published state dict, without its front end, to that of the network."""
    assert entry.converter is not None, f"{entry.name} has no published weights"
    convert: Callable[[StateDict], StateDict] = _import(entry.converter)
    return convert


def load_strictly(network: nn.Module, parameters: StateDict, *, where: str) -> None:
    """Load parameters into a network; names and shapes must match exactly."""
    wanted = {key: value.shape for key, value in network.state_dict().items()}
    missing, unknown = sorted(wanted.keys() - parameters.keys()), sorted(parameters.keys() - wanted.keys())
    wrong = [key for key in wanted.keys() & parameters.keys() if wanted[key] != parameters[key].shape]
    if missing or unknown or wrong:
        problems = [
            f"{len(keys)} {problem}, such as {keys[0]}"
            for problem, keys in (("missing", missing), ("unknown", unknown))
            if keys
        ]
        if wrong:
            key = min(wrong)
            problems.append(f"{key} has shape {tuple(parameters[key].shape)}, expected {tuple(wanted[key])}")
        raise CheckpointError(f"{where} does not fit: {'; '.join(problems)}; load it with the name of its model")
    # A file may hold another precision, such as float16; the network computes in its own.
    dtypes = {key: value.dtype for key, value in network.state_dict().items()}
    try:
        for key, dtype in dtypes.items():
            check_weight(key, parameters[key], dtype)
    except UnreadableTorchFile as exc:
        raise CheckpointError(f"{where} does not fit: {exc}; load it with the name of its model") from exc
    network.load_state_dict({key: value.to(dtypes[key]) for key, value in parameters.items()}, assign=True)


def _import(place: str) -> Any:  # noqa: ANN401 - any "module:name" of the registry
    module, name = place.split(":")
    return getattr(importlib.import_module(module), name)
