"""The training loop, the only one: fine-tuning and distillation are settings of it.

Whatever is learned from comes as `make_batch(step)`, which depends on nothing but the step. So a run needs no state of
its data to be resumed, and goes on exactly as if it had never stopped.
"""

from __future__ import annotations

import json
import logging
import math
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import torch
from torch import nn

from panns.data.prefetch import prefetch
from panns.files import replacing
from panns.training.averaging import WeightAverage
from panns.training.batch import Batch
from panns.training.losses import Objective

logger = logging.getLogger(__name__)

STATE_FILE = "state.pt"
METRICS_FILE = "metrics.jsonl"


@dataclass(frozen=True)
class OptimConfig:
    """AdamW (Loshchilov & Hutter 2019, arXiv:1711.05101), warmed up linearly, then a half cosine down to nothing.

    Attributes:
        lr: Highest learning rate.
        weight_decay: Of matrices and kernels; norms and biases have none.
        betas: Of the two running means.
        warmup_steps: Steps to the highest learning rate.
        max_grad_norm: Longer gradients are shortened to this.
        average_decay: Of the running average of the parameters, which is what a run yields.
    """

    lr: float = 1e-3
    weight_decay: float = 0.01
    betas: tuple[float, float] = (0.9, 0.99)
    warmup_steps: int = 100
    max_grad_norm: float = 5.0
    average_decay: float = 0.998

    def __post_init__(self) -> None:
        if not self.lr > 0 or not self.max_grad_norm > 0:
            raise ValueError(f"lr={self.lr} and max_grad_norm={self.max_grad_norm} must be positive")
        if not 0 <= self.average_decay < 1:
            raise ValueError(f"average_decay={self.average_decay} must be at least 0 and below 1")


@dataclass(frozen=True)
class TrainConfig:
    """How long and how a network is trained.

    Attributes:
        n_steps: Batches in all.
        optim: The optimiser.
        precision: What convolutions are computed in; parameters and losses are float32 always.
        n_loader_threads: Threads that make batches ahead.
        checkpoint_steps: A run that is stopped loses at most so many steps.
        log_steps: Steps that one line of the metrics is the mean of.
    """

    n_steps: int
    optim: OptimConfig = field(default_factory=OptimConfig)
    precision: Literal["float32", "bfloat16"] = "float32"
    n_loader_threads: int = 1
    checkpoint_steps: int = 100
    log_steps: int = 20

    def __post_init__(self) -> None:
        if min(self.n_steps, self.n_loader_threads, self.checkpoint_steps, self.log_steps) < 1:
            raise ValueError("n_steps, n_loader_threads, checkpoint_steps and log_steps must be at least 1")


def train(
    network: nn.Module,
    objective: Objective,
    make_batch: Callable[[int], Batch],
    config: TrainConfig,
    folder: Path,
    *,
    device: str = "cpu",
    stop_after: int | None = None,
) -> nn.Module:
    """Train a network, or go on with what `folder` holds of an earlier run.

    Args:
        network: Reads log-mels by `forward_features`.
        objective: The loss; its own parameters are trained with the network's.
        make_batch: The batch of a step, the same one each time it is asked.
        config: The settings; those of the run that is resumed.
        folder: Where `state.pt` and `metrics.jsonl` are kept.
        device: Where to compute.
        stop_after: Leave after this step, with the state saved, as if interrupted; None for the end.

    Returns:
        The network with its averaged parameters, in evaluation mode.
    """
    folder.mkdir(parents=True, exist_ok=True)
    network.to(device).train()
    objective.to(device).train()
    optimiser = _adamw([network, objective], config.optim)
    average = WeightAverage(network, config.optim.average_decay)
    run = _Run(network, objective, optimiser, average)
    first = run.load(folder / STATE_FILE) if (folder / STATE_FILE).is_file() else 0
    last = config.n_steps if stop_after is None else min(stop_after, config.n_steps)
    parameters = [parameter for group in optimiser.param_groups for parameter in group["params"]]
    metrics = _Metrics(folder / METRICS_FILE, first)

    for step, batch in enumerate(prefetch(make_batch, first, last, n_threads=config.n_loader_threads), start=first):
        for group in optimiser.param_groups:
            group["lr"] = learning_rate(step, config)
        batch = batch.to(device)
        with torch.autocast(device, torch.bfloat16, enabled=config.precision == "bfloat16"):
            output = network.forward_features(batch.features)  # type: ignore[operator]
        terms = objective(output, batch)
        loss = torch.stack(list(terms.values())).sum()
        if not torch.isfinite(loss):
            raise FloatingPointError(f"the loss is {loss.item()} in step {step}; lower lr or max_grad_norm")
        optimiser.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call] # torch
        norm = nn.utils.clip_grad_norm_(parameters, config.optim.max_grad_norm)
        optimiser.step()
        average.update(network)

        metrics.add({"loss": loss.item(), **{name: term.item() for name, term in terms.items()}, "norm": norm.item()})
        if (step + 1) % config.log_steps == 0 or step + 1 == last:
            metrics.write(step + 1, len(batch.features), learning_rate(step, config))
        if (step + 1) % config.checkpoint_steps == 0 or step + 1 == last:
            run.save(folder / STATE_FILE, step + 1)
    return average.network


def learning_rate(step: int, config: TrainConfig) -> float:
    """The learning rate of a step, counted from 0."""
    optim = config.optim
    if step < optim.warmup_steps:
        return optim.lr * (step + 1) / optim.warmup_steps
    progress = (step - optim.warmup_steps) / max(1, config.n_steps - optim.warmup_steps)
    return optim.lr * 0.5 * (1 + math.cos(math.pi * progress))


def _adamw(modules: list[nn.Module], config: OptimConfig) -> torch.optim.AdamW:
    parameters = [parameter for module in modules for parameter in module.parameters() if parameter.requires_grad]
    groups = [
        {"params": [p for p in parameters if p.ndim > 1], "weight_decay": config.weight_decay},
        {"params": [p for p in parameters if p.ndim <= 1], "weight_decay": 0.0},
    ]
    return torch.optim.AdamW(groups, lr=config.lr, betas=config.betas)


@dataclass(frozen=True)
class _Run:
    """Everything that changes while a network is trained, to a file and back."""

    network: nn.Module
    objective: nn.Module
    optimiser: torch.optim.Optimizer
    average: WeightAverage

    def save(self, path: Path, n_steps: int) -> None:
        """Write the state after `n_steps`; whole, or the earlier one stays."""
        state = {part: getattr(self, part).state_dict() for part in self.__dataclass_fields__}
        with replacing(path) as partial:
            torch.save(state | {"n_steps": n_steps, "torch_rng": torch.get_rng_state()}, partial)

    def load(self, path: Path) -> int:
        """Take up a state; returns the number of steps done."""
        state: dict[str, Any] = torch.load(path, weights_only=True, map_location="cpu")
        for part in self.__dataclass_fields__:
            getattr(self, part).load_state_dict(state[part])
        torch.set_rng_state(state["torch_rng"])
        n_steps: int = state["n_steps"]
        logger.info("going on after step %d with %s", n_steps, path)
        return n_steps


class _Metrics:
    """Means over some steps, one JSON object a line; lines after the step that is resumed from are dropped."""

    def __init__(self, path: Path, first: int) -> None:
        lines = path.read_text(encoding="utf-8").splitlines() if path.is_file() else []
        # A process that was killed may have left half a last line.
        kept = [line for line in lines if line.endswith("}") and json.loads(line)["step"] <= first]
        with replacing(path) as partial:
            partial.write_text("".join(line + "\n" for line in kept), encoding="utf-8")
        self._path = path
        self._sums: dict[str, float] = {}
        self._n = 0
        self._since = time.monotonic()

    def add(self, values: dict[str, float]) -> None:
        for name, value in values.items():
            self._sums[name] = self._sums.get(name, 0.0) + value
        self._n += 1

    def write(self, step: int, batch_size: int, lr: float) -> None:
        now = time.monotonic()
        means = {name: round(value / self._n, 5) for name, value in self._sums.items()}
        line = {"step": step, **means, "lr": lr, "clips_per_s": round(batch_size * self._n / (now - self._since), 2)}
        with self._path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(line) + "\n")
        logger.info("%s", line)
        self._sums, self._n, self._since = {}, 0, now
