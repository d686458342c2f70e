"""Transfer learning: the initial parameters of a network, and which of them learn."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal, TypeAlias

import torch
from torch import nn

from panns.models.base import ModelConfig, with_n_classes
from panns.models.transfer import HeadConfig, TransferConfig
from panns.networks.build import build_network, construct_network
from panns.networks.contract import Network
from panns.training.engine.optim import Trainable

HeadKind: TypeAlias = Literal["classifier", "linear", "bands", "mlp"]

_READS: dict[str, Literal["logits", "embedding", "bands"]] = {"linear": "embedding", "bands": "bands", "mlp": "logits"}


@dataclass(frozen=True)
class TransferSettings:
    """The new head of a pretrained network, and the part of the network that trains.

    Attributes:
        head: "classifier" replaces the output layer and keeps frame scores, if the network has them. "linear" adds a
            linear layer on the embedding. "bands" adds a linear layer on the embedding of every frequency band
            (EfficientAT models have one). "mlp" adds a hidden and a linear layer on the old logits (527 -> 1024 ->
            classes for AudioSet's).
        hidden_dim: Width of the hidden layer of "mlp".
        trained: Part that trains: the "head" with a frozen backbone (a linear probe with "linear" or "bands"), the
            head and the "last" blocks, or "all".
        n_last_blocks: Number of blocks for trained = "last".
    """

    head: HeadKind = "classifier"
    hidden_dim: int = 1024
    trained: Literal["head", "last", "all"] = "all"
    n_last_blocks: int = 3

    def __post_init__(self) -> None:
        if self.hidden_dim < 1 or self.n_last_blocks < 1:
            raise ValueError(f"hidden_dim={self.hidden_dim} and n_last_blocks={self.n_last_blocks} must be at least 1")


@dataclass(frozen=True)
class InitialNetwork:
    """A network before its first step.

    Attributes:
        architecture: Registered name of the architecture.
        network: The network.
        trainable: The parameters that learn.
    """

    architecture: str
    network: Network
    trainable: Trainable

    @property
    def config(self) -> ModelConfig:
        """Settings of the architecture."""
        return self.network.config


def from_scratch(architecture: str, config: ModelConfig, n_classes: int, *, seed: int) -> InitialNetwork:
    """Build a network with random parameters, all trainable."""
    torch.manual_seed(seed)
    network = build_network(architecture, with_n_classes(config, n_classes))
    return InitialNetwork(architecture, network, Trainable.all_of(network))


def from_trained(
    architecture: str, pretrained: Network, n_classes: int, settings: TransferSettings, *, seed: int
) -> InitialNetwork:
    """Build a network for other classes with the parameters of a pretrained one and a random head.

    Args:
        architecture: Registered name of the pretrained network.
        pretrained: The pretrained network.
        n_classes: Number of new classes.
        settings: The head, and the part that trains.
        seed: Random seed of the head.

    Raises:
        ValueError: The head reads an embedding or frequency bands, and the network has none.
    """
    config = pretrained.config
    torch.manual_seed(seed)
    if settings.head == "classifier":
        network = build_network(architecture, with_n_classes(config, n_classes))
        head = head_parameters(architecture, with_n_classes(config, n_classes))
        kept = {key: value for key, value in pretrained.state_dict().items() if key not in head}
        network.load_state_dict(kept, strict=False)
    else:
        network = build_network("transfer", head_config(architecture, config, n_classes, settings))
        network.base.load_state_dict(pretrained.state_dict())  # type: ignore[union-attr] # a module
        head = frozenset(name for name, _ in network.named_parameters() if name.startswith("head."))
        architecture = "transfer"
    return InitialNetwork(architecture, network, _choose_trainable(network, head, settings))


def head_config(
    architecture: str, config: ModelConfig, n_classes: int, settings: TransferSettings
) -> TransferConfig | None:
    """Config of a network with a head on top; None for a head that replaces the output layer.

    Raises:
        ValueError: The head reads an embedding or frequency bands, and the network has none.
    """
    if settings.head == "classifier":
        return None
    hidden_dims = (settings.hidden_dim,) if settings.head == "mlp" else ()
    head = HeadConfig(n_classes, reads=_READS[settings.head], hidden_dims=hidden_dims)
    return TransferConfig(head, architecture, config)


def head_parameters(architecture: str, config: ModelConfig) -> frozenset[str]:
    """Names of the parameters whose shape depends on the number of classes."""
    with torch.device("meta"):
        one, other = (
            dict(construct_network(architecture, with_n_classes(config, n)).state_dict())
            for n in (config.n_classes, config.n_classes + 1)
        )
    return frozenset(name for name, value in one.items() if value.shape != other[name].shape)


def _choose_trainable(network: nn.Module, head: frozenset[str], settings: TransferSettings) -> Trainable:
    blocks = [names - head for names in parameter_blocks(network)]
    blocks = [names for names in blocks if names]
    n_blocks = {"head": 0, "last": settings.n_last_blocks, "all": len(blocks)}[settings.trained]
    return Trainable(head, frozenset().union(*blocks[len(blocks) - min(n_blocks, len(blocks)) :]))


def parameter_blocks(network: nn.Module) -> list[frozenset[str]]:
    """Names of the parameters of each block of a network, from input to output.

    A block is an item of a list of blocks or stages, or a module beside such lists: stem, norm, projection, head.
    Networks keep their modules in the order of computation; their own parameters, such as positions, come first.
    """
    members = getattr(network, "members", None)
    if members is not None:  # an ensemble: a block is that of every member
        of_each = [
            [{f"members.{i}.{name}" for name in block} for block in parameter_blocks(m)] for i, m in enumerate(members)
        ]
        return [frozenset().union(*blocks) for blocks in zip(*of_each, strict=True)]
    return [names for names in _blocks(network, "") if names]


def _blocks(part: nn.Module, prefix: str) -> Iterator[frozenset[str]]:
    yield frozenset(prefix + name for name, _ in part.named_parameters(recurse=False))
    for name, inner in part.named_children():
        # Descend into a network inside another one, such as that under a new head, and into lists of blocks. A sequence
        # of single layers is one block.
        if isinstance(inner, Network | nn.ModuleList) or _holds_blocks(inner):
            yield from _blocks(inner, f"{prefix}{name}.")
        else:
            yield frozenset(f"{prefix}{name}.{own}" for own, _ in inner.named_parameters())


def _holds_blocks(part: nn.Module) -> bool:
    return isinstance(part, nn.Sequential) and any(any(True for _ in layer.children()) for layer in part)
