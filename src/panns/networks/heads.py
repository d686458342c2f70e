"""Heads that families share: from frames to scores."""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn import functional

from panns.networks.contract import NetworkOutput


class ClipHead(nn.Module):
    """Frames pooled by maximum plus mean, one hidden layer, which is the embedding, and the classifier.

    Kong et al. 2020, arXiv:1912.10211, section III-A.
    """

    def __init__(self, n_in: int, hidden_dim: int, n_classes: int, dropout: float) -> None:
        super().__init__()
        self.dropout = dropout
        self.projection = nn.Linear(n_in, hidden_dim)
        self.classifier = nn.Linear(hidden_dim, n_classes)

    def forward(self, x: Tensor) -> NetworkOutput:
        """Frames `(batch, channels, frames)` to clip scores and embedding."""
        x = functional.dropout(x.amax(dim=2) + x.mean(dim=2), self.dropout, self.training)
        embedding = functional.relu(self.projection(x))
        return NetworkOutput(clip_logits=self.classifier(embedding), embedding=embedding)

    def frame_logits(self, x: Tensor) -> Tensor:
        """Frames `(batch, channels, frames)` to scores `(batch, frames, classes)`.

        Each frame is scored as a clip of this frame and its two neighbours.
        """
        logits: Tensor = self.classifier(functional.relu(self.projection(pool_neighbours(x).transpose(1, 2))))
        return logits


class DecisionLevelHead(nn.Module):
    """Scores of every frame, and their maximum, mean or attention-weighted mean as the scores of the clip.

    Kong et al. 2020, arXiv:1912.10211, section III-B.
    """

    def __init__(
        self,
        n_in: int,
        hidden_dim: int,
        n_classes: int,
        dropout: float,
        pooling: Literal["max", "average", "attention"],
    ) -> None:
        super().__init__()
        self.dropout = dropout
        self.pooling = pooling
        self.projection = nn.Linear(n_in, hidden_dim)
        self.classifier = nn.Linear(hidden_dim, n_classes)
        self.attention = nn.Linear(hidden_dim, n_classes) if pooling == "attention" else None

    def forward(self, x: Tensor) -> NetworkOutput:
        """Frames `(batch, channels, frames)` to clip and frame scores."""
        x = functional.dropout(pool_neighbours(x), self.dropout, self.training)
        x = functional.relu(self.projection(x.transpose(1, 2)))  # (batch, frames, dim)
        x = functional.dropout(x, self.dropout, self.training)
        frame_logits = self.classifier(x)
        if self.pooling == "max":
            return NetworkOutput(frame_logits.amax(dim=1), frame_logits)
        attention = torch.zeros_like(frame_logits[..., :1]) if self.attention is None else self.attention(x)
        return NetworkOutput(pool_by_attention(frame_logits, attention), frame_logits)


def pool_neighbours(x: Tensor) -> Tensor:
    """Maximum plus mean of every frame and its two neighbours: `(batch, channels, frames)` to the same size."""
    return functional.max_pool1d(x, 3, stride=1, padding=1) + functional.avg_pool1d(x, 3, stride=1, padding=1)


def pool_by_attention(frame_logits: Tensor, attention: Tensor) -> Tensor:
    """Clip logits `(batch, classes)`: the mean of the frames' probabilities, weighted by attention over time.

    Args:
        frame_logits: `(batch, frames, classes)`.
        attention: Shape of the logits, or with a single class for all; clamped as in the published models.
    """
    return logit_of_mean_probability(frame_logits, attention.clamp(-10, 10).log_softmax(dim=1))


def logit_of_mean_probability(logits: Tensor, log_weights: Tensor) -> Tensor:
    """Logit of the weighted mean over frames of sigmoid(`logits`): `(batch, frames, classes)` to `(batch, classes)`.

    In the log domain, so that neither 0 nor 1 is rounded away. The weights sum to 1 over the frames.
    """
    log_positive = torch.logsumexp(log_weights + functional.logsigmoid(logits), dim=1)
    log_negative = torch.logsumexp(log_weights + functional.logsigmoid(-logits), dim=1)
    return log_positive - log_negative
