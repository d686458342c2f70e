"""From logits to probabilities."""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor


def activate(logits: Tensor, activation: Literal["sigmoid", "softmax"]) -> Tensor:
    """Probabilities of logits `(..., classes)`."""
    return torch.sigmoid(logits) if activation == "sigmoid" else torch.softmax(logits, dim=-1)
