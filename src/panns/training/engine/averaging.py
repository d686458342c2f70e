"""Averages of a network's parameters over the steps, which usually score better than the last parameters."""

from __future__ import annotations

import copy
from dataclasses import dataclass
from typing import Any, Literal

import torch
from torch import nn

from panns.networks.contract import Network


@dataclass(frozen=True)
class AverageConfig:
    """The average of the parameters that a run returns.

    Attributes:
        kind: "ema" for an exponential moving average (Polyak & Juditsky 1992), "tail" for the mean over the last steps
            (stochastic weight averaging, Izmailov et al. 2018, arXiv:1803.05407), "none" for the last parameters.
        decay: Share of the moving average that remains after a step, at least 0 and below 1. After n steps it is
            min(decay, (1 + n) / (10 + n)), so that the random initial values fade quickly.
        tail_share: Share of the steps, at the end of the run, in the mean of "tail"; above 0, at most 1.
    """

    kind: Literal["ema", "tail", "none"] = "ema"
    decay: float = 0.998
    tail_share: float = 0.2

    def __post_init__(self) -> None:
        if not 0 <= self.decay < 1:
            raise ValueError(f"decay={self.decay} must be at least 0 and below 1")
        if not 0 < self.tail_share <= 1:
            raise ValueError(f"tail_share={self.tail_share} must be above 0 and at most 1")

    def weight_of_latest(self, step: int, n_steps: int) -> float:
        """Weight in the average of the parameters after a step, counted from 0, of `n_steps` in all.

        Examples:
            >>> [AverageConfig("tail", tail_share=0.4).weight_of_latest(step, 10) for step in (4, 5, 6, 7)]
            [1.0, 1.0, 1.0, 0.5]
        """
        if self.kind == "ema":
            return 1 - min(self.decay, (1 + step) / (10 + step))
        if self.kind == "none":
            return 1.0
        n_averaged = step + 1 - round(n_steps * (1 - self.tail_share))
        return 1.0 / max(1, n_averaged)


class WeightAverage:
    """Running average of parameters and batch-norm statistics.

    Attributes:
        network: A copy of the network that holds the averages, in evaluation mode.
    """

    def __init__(self, network: Network, config: AverageConfig, n_steps: int) -> None:
        self.network = copy.deepcopy(network).eval().requires_grad_(False)
        self._config = config
        self._n_steps = n_steps

    def update(self, network: nn.Module, step: int) -> None:
        """Add the values after a step, counted from 0."""
        weight = self._config.weight_of_latest(step, self._n_steps)
        current = network.state_dict()
        with torch.no_grad():
            for key, value in self.network.state_dict().items():
                if value.is_floating_point() and weight < 1:
                    value.lerp_(current[key], weight)
                else:
                    value.copy_(current[key])

    def state_dict(self) -> dict[str, Any]:
        """State for `load_state_dict`."""
        return self.network.state_dict()

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Restore a saved state."""
        self.network.load_state_dict(state)
