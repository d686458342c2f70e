"""From logits to probabilities."""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor

from panns.networks.contract import NetworkOutput


def activate(logits: Tensor, activation: Literal["sigmoid", "softmax"]) -> Tensor:
    """Probabilities of logits `(..., classes)`."""
    return torch.sigmoid(logits) if activation == "sigmoid" else torch.softmax(logits, dim=-1)


def present_fields(output: NetworkOutput, activation: Literal["sigmoid", "softmax"]) -> dict[str, Tensor]:
    """The fields that a network has, named as in `panns.results.Scores` and ordered as `ModelManifest.onnx_outputs`."""
    fields = {
        "clip_probs": activate(output.clip_logits, activation),
        "frame_probs": None if output.frame_logits is None else activate(output.frame_logits, activation),
        "embedding": output.embedding,
        "patch_weights": output.patch_weights,
    }
    return {name: field for name, field in fields.items() if field is not None}
