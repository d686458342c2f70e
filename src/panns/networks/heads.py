"""Heads shared by families: from frames to clip scores."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from panns.networks.output import NetworkOutput


class AttentionHead(nn.Module):
    """Clip probability as the mean of frame probabilities, weighted per class by attention over time.

    Kong et al. 2020, arXiv:1912.10211, section III-B; the attention is clamped as in the published models.
    """

    def __init__(self, n_in: int, n_classes: int) -> None:
        super().__init__()
        self.attention = nn.Linear(n_in, n_classes)
        self.classifier = nn.Linear(n_in, n_classes)

    def forward(self, x: Tensor) -> NetworkOutput:
        """Frames `(batch, frames, dim)` to clip and frame scores."""
        log_weights = self.attention(x).clamp(-10, 10).log_softmax(dim=1)
        frame_logits = self.classifier(x)
        return NetworkOutput(logit_of_mean_probability(frame_logits, log_weights), frame_logits)


def logit_of_mean_probability(logits: Tensor, log_weights: Tensor) -> Tensor:
    """Logit of the weighted mean over frames of sigmoid(`logits`): `(batch, frames, classes)` to `(batch, classes)`.

    In the log domain, so that neither 0 nor 1 is rounded away. The weights sum to 1 over the frames.
    """
    log_positive = torch.logsumexp(log_weights + functional.logsigmoid(logits), dim=1)
    log_negative = torch.logsumexp(log_weights + functional.logsigmoid(-logits), dim=1)
    return log_positive - log_negative
