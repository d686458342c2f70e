"""The optimiser: trainable parameters, learning rate and its schedule."""

from __future__ import annotations

import math
from collections.abc import Set
from dataclasses import dataclass

import torch
from torch import nn


@dataclass(frozen=True)
class OptimConfig:
    """AdamW (Loshchilov & Hutter 2019, arXiv:1711.05101) with linear warm-up, then a half cosine down to 0.

    Attributes:
        lr: Peak learning rate.
        backbone_share: Learning rate of the pretrained backbone, as a share of `lr`; the head learns at `lr`. 0.1 is
            usual in fine-tuning, 0 freezes the backbone.
        head_only_steps: Steps at the start in which only the head learns, so that its random values do not disturb a
            pretrained backbone.
        weight_decay: Weight decay of matrices and kernels; norms and biases have none.
        betas: Decay rates of the running means of the gradient and of its square.
        warmup_steps: Steps from 0 to the peak learning rate.
        max_grad_norm: Maximum norm of the gradient; longer gradients are clipped to it.
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
class Trainable:
    """Names of the parameters that a run trains; all others keep their values.

    Attributes:
        head: Parameters with fresh values, which learn at the full rate.
        backbone: Pretrained parameters.
    """

    head: frozenset[str]
    backbone: frozenset[str]

    @classmethod
    def all_of(cls, network: nn.Module) -> Trainable:
        """Every parameter as part of the head, for a network from scratch."""
        return cls(frozenset(name for name, _ in network.named_parameters()), frozenset())

    def at(self, step: int, config: OptimConfig) -> Set[str]:
        """Names of the parameters that learn in a step, counted from 0."""
        is_frozen = step < config.head_only_steps or config.backbone_share == 0
        return self.head if is_frozen else self.head | self.backbone


def learning_rate(step: int, n_steps: int, config: OptimConfig) -> float:
    """Learning rate of the head in a step, counted from 0."""
    if step < config.warmup_steps:
        return config.lr * (step + 1) / config.warmup_steps
    progress = (step - config.warmup_steps) / max(1, n_steps - config.warmup_steps)
    return config.lr * 0.5 * (1 + math.cos(math.pi * progress))


def build_optimiser(
    network: nn.Module, objective: nn.Module, trainable: Trainable, config: OptimConfig
) -> torch.optim.AdamW:
    """Build an optimiser of all trainable parameters; each group has its `share` of the learning rate.

    The parameters of the objective learn like those of the head.
    """
    parameters = dict(network.named_parameters())
    kinds = (
        (1.0, [parameters[name] for name in sorted(trainable.head)] + list(objective.parameters())),
        (config.backbone_share, [parameters[name] for name in sorted(trainable.backbone)]),
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
    """Set the learning rate of every group to its share of `lr`."""
    for group in optimiser.param_groups:
        group["lr"] = lr * group["share"]


def set_trainable(network: nn.Module, names: Set[str], *, keep_statistics: Set[str] = frozenset()) -> None:
    """Put a network into training mode with all but the named parameters frozen.

    A batch norm with frozen parameters keeps its statistics too, or a frozen backbone would drift with the batches. So
    does a batch norm with parameters in `keep_statistics`, though its parameters learn.
    """
    network.train()
    for name, parameter in network.named_parameters():
        parameter.requires_grad_(name in names)
    for prefix, module in network.named_modules():
        if isinstance(module, nn.modules.batchnorm._BatchNorm):  # noqa: SLF001 - the base of all batch norms in torch
            own = {f"{prefix}.{name}" for name, _ in module.named_parameters()}
            module.train(not own.isdisjoint(names) and own.isdisjoint(keep_statistics))
