"""Which parameters learn, how fast, and when."""

from __future__ import annotations

import math
from collections.abc import Set
from dataclasses import dataclass

import torch
from torch import nn


@dataclass(frozen=True)
class OptimConfig:
    """AdamW (Loshchilov & Hutter 2019, arXiv:1711.05101), warmed up linearly, then a half cosine down to nothing.

    Attributes:
        lr: Highest learning rate.
        backbone_share: Of it for what was trained before; a tenth is usual in fine-tuning. The head learns at `lr`.
        head_only_steps: For so many steps at first only the head learns and the backbone is frozen.
        weight_decay: Of matrices and kernels; norms and biases have none.
        betas: Of the two running means.
        warmup_steps: Steps to the highest learning rate.
        max_grad_norm: Longer gradients are shortened to this.
    """

    lr: float = 1e-3
    backbone_share: float = 1.0
    head_only_steps: int = 0
    weight_decay: float = 0.01
    betas: tuple[float, float] = (0.9, 0.99)
    warmup_steps: int = 100
    max_grad_norm: float = 5.0

    def __post_init__(self) -> None:
        if not self.lr > 0 or not self.max_grad_norm > 0:
            raise ValueError(f"lr={self.lr} and max_grad_norm={self.max_grad_norm} must be positive")
        if not 0 <= self.backbone_share <= 1:
            raise ValueError(f"backbone_share={self.backbone_share} must be 0 to 1, a share of lr={self.lr}")
        if self.head_only_steps < 0 or self.warmup_steps < 0:
            raise ValueError(
                f"head_only_steps={self.head_only_steps} and warmup_steps={self.warmup_steps} must be at least 0"
            )


@dataclass(frozen=True)
class Learners:
    """Names of the parameters that learn; all others keep their values.

    Attributes:
        head: Which start from nothing, and learn at the full rate.
        backbone: Which were trained before.
    """

    head: frozenset[str]
    backbone: frozenset[str]

    @classmethod
    def all_of(cls, network: nn.Module) -> Learners:
        """Every parameter, as of a network that was never trained."""
        return cls(frozenset(name for name, _ in network.named_parameters()), frozenset())

    def at(self, step: int, config: OptimConfig) -> Set[str]:
        """Which learn in a step, counted from 0."""
        is_frozen = step < config.head_only_steps or config.backbone_share == 0
        return self.head if is_frozen else self.head | self.backbone


def learning_rate(step: int, n_steps: int, config: OptimConfig) -> float:
    """The learning rate of the head in a step, counted from 0."""
    if step < config.warmup_steps:
        return config.lr * (step + 1) / config.warmup_steps
    progress = (step - config.warmup_steps) / max(1, n_steps - config.warmup_steps)
    return config.lr * 0.5 * (1 + math.cos(math.pi * progress))


def adamw(network: nn.Module, objective: nn.Module, learners: Learners, config: OptimConfig) -> torch.optim.AdamW:
    """The optimiser of all that ever learns; every group has its `share` of the learning rate.

    The parameters of the objective learn as those of the head.
    """
    parameters = dict(network.named_parameters())
    kinds = (
        (1.0, [parameters[name] for name in sorted(learners.head)] + list(objective.parameters())),
        (config.backbone_share, [parameters[name] for name in sorted(learners.backbone)]),
    )
    groups = [
        {"params": chosen, "weight_decay": decay, "share": share}
        for share, of_kind in kinds
        for decay, chosen in (
            (config.weight_decay, [one for one in of_kind if one.ndim > 1]),
            (0.0, [one for one in of_kind if one.ndim <= 1]),
        )
        if chosen
    ]
    return torch.optim.AdamW(groups, lr=config.lr, betas=config.betas)


def set_learning_rate(optimiser: torch.optim.Optimizer, lr: float) -> None:
    """Give every group its share of a learning rate."""
    for group in optimiser.param_groups:
        group["lr"] = lr * group["share"]


def let_learn(network: nn.Module, names: Set[str], *, keep_statistics: Set[str] = frozenset()) -> None:
    """Put a network into training mode in which only the named parameters change.

    Batch norms whose own parameters are frozen keep their statistics too, or a frozen backbone would drift with the
    batches; so do those with parameters in `keep_statistics`, though these learn.
    """
    network.train()
    for name, parameter in network.named_parameters():
        parameter.requires_grad_(name in names)
    for prefix, module in network.named_modules():
        if isinstance(module, nn.modules.batchnorm._BatchNorm):  # noqa: SLF001 - the base of all batch norms in torch
            own = {f"{prefix}.{name}" for name, _ in module.named_parameters()}
            module.train(not own.isdisjoint(names) and own.isdisjoint(keep_statistics))
