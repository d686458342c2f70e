"""A running average of a network's parameters, which scores better than the last ones."""

from __future__ import annotations

import copy
from typing import Any

import torch
from torch import nn


class WeightAverage:
    """Exponential moving average of parameters and batch-norm statistics (Polyak & Juditsky 1992).

    The average forgets faster at the start, so that the first random values leave it: after n updates it keeps
    min(decay, (1 + n) / (10 + n)) of itself.
    """

    def __init__(self, network: nn.Module, decay: float) -> None:
        self.network = copy.deepcopy(network).eval().requires_grad_(False)
        self.decay = decay
        self.n_updates = 0

    def update(self, network: nn.Module) -> None:
        """Take in the present values."""
        decay = min(self.decay, (1 + self.n_updates) / (10 + self.n_updates))
        self.n_updates += 1
        current = network.state_dict()
        with torch.no_grad():
            for key, value in self.network.state_dict().items():
                if value.is_floating_point():
                    value.lerp_(current[key], 1 - decay)
                else:
                    value.copy_(current[key])

    def state_dict(self) -> dict[str, Any]:
        """What `load_state_dict` takes."""
        return {"network": self.network.state_dict(), "n_updates": self.n_updates}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on from a saved state."""
        self.network.load_state_dict(state["network"])
        self.n_updates = state["n_updates"]
