"""What a network begins with and which of its parameters learn: from nothing, or from what another one has learned."""

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
from panns.training.engine.optim import Learners

HeadKind: TypeAlias = Literal["classifier", "linear", "bands", "mlp"]

_READS: dict[str, Literal["logits", "embedding", "bands"]] = {"linear": "embedding", "bands": "bands", "mlp": "logits"}


@dataclass(frozen=True)
class TransferSettings:
    """How a trained network is taken over.

    Attributes:
        head: "classifier" replaces the network's own layer of classes, and keeps frame scores where it has them;
            "linear" puts a linear layer on its embedding, "bands" one on what that is the mean of, each band of
            frequencies by itself (EfficientAT has some); "mlp" puts a hidden layer and a linear one on the logits of
            the classes it knew (527 -> 1024 -> classes on AudioSet's).
        hidden_dim: Width of the hidden layer of "mlp".
        trained: "head" alone, the rest being frozen (with "linear" or "bands" a linear probe); the "last" blocks too;
            or "all".
        n_last_blocks: How many blocks "last" means.
    """

    head: HeadKind = "classifier"
    hidden_dim: int = 1024
    trained: Literal["head", "last", "all"] = "all"
    n_last_blocks: int = 3

    def __post_init__(self) -> None:
        if self.hidden_dim < 1 or self.n_last_blocks < 1:
            raise ValueError(f"hidden_dim={self.hidden_dim} and n_last_blocks={self.n_last_blocks} must be at least 1")


@dataclass(frozen=True)
class Start:
    """A network before training.

    Attributes:
        architecture: Registered name of it.
        network: It, whose `config` says the rest.
        learners: Which of its parameters learn.
    """

    architecture: str
    network: Network
    learners: Learners

    @property
    def config(self) -> ModelConfig:
        """Its settings."""
        return self.network.config


def from_nothing(architecture: str, config: ModelConfig, n_classes: int, *, seed: int) -> Start:
    """A network with fresh values, all of which learn."""
    torch.manual_seed(seed)
    network = build_network(architecture, with_n_classes(config, n_classes))
    return Start(architecture, network, Learners.all_of(network))


def from_trained(
    architecture: str, trained: Network, n_classes: int, settings: TransferSettings, *, seed: int
) -> Start:
    """A network for other classes that has what a trained one has learned, and fresh values in its head.

    Args:
        architecture: Registered name of the trained network.
        trained: It.
        n_classes: Number of the new classes.
        settings: What is new and what learns.
        seed: Of the fresh values.

    Raises:
        ValueError: The head reads an embedding or bands of frequencies, and the network has none.
    """
    config = trained.config
    torch.manual_seed(seed)
    if settings.head == "classifier":
        network = build_network(architecture, with_n_classes(config, n_classes))
        head = head_of(architecture, with_n_classes(config, n_classes))
        kept = {key: value for key, value in trained.state_dict().items() if key not in head}
        network.load_state_dict(kept, strict=False)
    else:
        network = build_network("transfer", head_config(architecture, config, n_classes, settings))
        network.base.load_state_dict(trained.state_dict())  # type: ignore[union-attr] # a module
        head = frozenset(name for name, _ in network.named_parameters() if name.startswith("head."))
        architecture = "transfer"
    return Start(architecture, network, _learners(network, head, settings))


def head_config(
    architecture: str, config: ModelConfig, n_classes: int, settings: TransferSettings
) -> TransferConfig | None:
    """Config of a network with a head on top; None where the head is in place of the network's own.

    Raises:
        ValueError: The head reads an embedding or bands of frequencies, and the network has none.
    """
    if settings.head == "classifier":
        return None
    hidden_dims = (settings.hidden_dim,) if settings.head == "mlp" else ()
    head = HeadConfig(n_classes, reads=_READS[settings.head], hidden_dims=hidden_dims)
    return TransferConfig(head, architecture, config)


def head_of(architecture: str, config: ModelConfig) -> frozenset[str]:
    """Names of the parameters that depend on the number of classes."""
    with torch.device("meta"):
        one, other = (
            dict(construct_network(architecture, with_n_classes(config, n)).state_dict())
            for n in (config.n_classes, config.n_classes + 1)
        )
    return frozenset(name for name, value in one.items() if value.shape != other[name].shape)


def _learners(network: nn.Module, head: frozenset[str], settings: TransferSettings) -> Learners:
    blocks = [names - head for names in blocks_of(network)]
    blocks = [names for names in blocks if names]
    n_blocks = {"head": 0, "last": settings.n_last_blocks, "all": len(blocks)}[settings.trained]
    return Learners(head, frozenset().union(*blocks[len(blocks) - min(n_blocks, len(blocks)) :]))


def blocks_of(network: nn.Module) -> list[frozenset[str]]:
    """Names of the parameters of each block of a network, from its input to its output.

    A block is one of a list of blocks or stages, or whatever stands beside such lists: stem, norm, projection, head.
    Networks keep their parts in the order in which they compute; parameters beside them, such as positions, come first.
    """
    members = getattr(network, "members", None)
    if members is not None:  # networks side by side: a block is that of all of them
        of_each = [[{f"members.{i}.{name}" for name in block} for block in blocks_of(m)] for i, m in enumerate(members)]
        return [frozenset().union(*blocks) for blocks in zip(*of_each, strict=True)]
    return [names for names in _blocks(network, "") if names]


def _blocks(part: nn.Module, prefix: str) -> Iterator[frozenset[str]]:
    yield frozenset(prefix + name for name, _ in part.named_parameters(recurse=False))
    for name, inner in part.named_children():
        # A network inside another one, such as that under a new head, and a list of blocks are looked into. A
        # sequence of single layers is one block.
        if hasattr(inner, "forward_features") or isinstance(inner, nn.ModuleList) or _holds_blocks(inner):
            yield from _blocks(inner, f"{prefix}{name}.")
        else:
            yield frozenset(f"{prefix}{name}.{own}" for own, _ in inner.named_parameters())


def _holds_blocks(part: nn.Module) -> bool:
    return isinstance(part, nn.Sequential) and any(any(True for _ in layer.children()) for layer in part)
