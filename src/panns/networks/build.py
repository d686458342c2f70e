"""From a registered name to a network in torch, with fresh or published parameters."""

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


def build_network(architecture: str, config: ModelConfig | None = None) -> Network:
    """A network with fresh parameters, in training mode.

    Args:
        architecture: Registered name.
        config: Its settings; None for the registered ones.
    """
    network = construct_network(architecture, config)
    network.initialise()
    return network


def construct_network(architecture: str, config: ModelConfig | None = None) -> Network:
    """The same for parameters that are given to it at once: no time is spent on initial values of our own."""
    entry = find_model(architecture)
    network: Network = _import(entry.network)(config or entry.config)
    return network


def load_published(entry: ModelEntry, path: Path) -> Network:
    """The network of a registered model with the parameters of its published file, in evaluation mode on the CPU.

    A model with `starts_from` takes the published file of that other model, and what is new in it its initial values,
    the same ones every time.

    Raises:
        CheckpointError: The file is damaged, or of another model or front end.
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
    """From a published state dict of a registered model, without its front end, to that of its network."""
    assert entry.converter is not None, f"nothing was published of {entry.name}"
    convert: Callable[[StateDict], StateDict] = _import(entry.converter)
    return convert


def load_strictly(network: nn.Module, parameters: StateDict, *, where: str) -> None:
    """Give a network its parameters; they must be all of its own and no others."""
    wanted = {key: value.shape for key, value in network.state_dict().items()}
    missing, unknown = sorted(wanted.keys() - parameters.keys()), sorted(parameters.keys() - wanted.keys())
    wrong = [key for key in wanted.keys() & parameters.keys() if wanted[key] != parameters[key].shape]
    if missing or unknown or wrong:
        problems = [
            f"{len(keys)} {what}, such as {keys[0]}"
            for what, keys in (("missing", missing), ("unknown", unknown))
            if keys
        ]
        if wrong:
            key = min(wrong)
            problems.append(f"{key} has shape {tuple(parameters[key].shape)}, needed is {tuple(wanted[key])}")
        raise CheckpointError(f"{where} does not fit: {'; '.join(problems)}; load it under the model it belongs to")
    # Files may hold other precisions, such as float16; the network's own is what it can compute in.
    dtypes = {key: value.dtype for key, value in network.state_dict().items()}
    network.load_state_dict({key: value.to(dtypes[key]) for key, value in parameters.items()}, assign=True)


def _import(place: str) -> Any:  # noqa: ANN401 - whatever a "module:name" of the registry names
    module, name = place.split(":")
    return getattr(importlib.import_module(module), name)
