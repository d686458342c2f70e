"""A small residual CNN over the log-mel of the PANNs, for training from scratch.

Early strides in time and frequency keep it fast. It has 3x3 convolutions with residual connections (He et al. 2016,
arXiv:1512.03385), which need fewer training steps on few clips than depthwise ones.
"""

from __future__ import annotations

from dataclasses import dataclass

from panns.frontend import LogMelConfig
from panns.models.base import BaseConfig
from panns.models.registry import ModelEntry, register

TIME_STRIDE = 8  # the stem and the first two stages halve time


@dataclass(frozen=True)
class ResidualCnnConfig(BaseConfig):
    """Settings of a small residual CNN over a log-mel.

    Attributes:
        frontend: The log-mel.
        stem_channels: Width of the first convolution, 5x5.
        channels: Width of each of the three stages; every stage halves frequency, and the first two halve time too.
        embedding_dim: Length of the vector of a frame, and of the embedding; a multiple of `n_heads`.
        n_heads: Number of attention weights over time when frames are averaged into the embedding.
        n_classes: Number of classes.
        dropout: Dropout before the classifier, in training.
    """

    frontend: LogMelConfig = LogMelConfig()
    stem_channels: int = 32
    channels: tuple[int, int, int] = (64, 96, 144)
    embedding_dim: int = 256
    n_heads: int = 8
    n_classes: int = 527
    dropout: float = 0.2

    def __post_init__(self) -> None:
        if self.embedding_dim % self.n_heads:
            raise ValueError(f"embedding_dim={self.embedding_dim} must be a multiple of n_heads={self.n_heads}")

    @property
    def min_input_samples(self) -> int:
        """Shortest input of the front end; the convolutions accept any number of frames."""
        return self.frontend.min_samples

    @property
    def frame_hop_s(self) -> float:
        """Hop of the last map: 0.08 s."""
        return self.frontend.hop_s * TIME_STRIDE

    def n_frames(self, n_samples: int) -> int:
        """Number of score frames; the last one may cover fewer log-mel frames than the others."""
        return -(-self.frontend.n_frames(max(n_samples, self.min_input_samples)) // TIME_STRIDE)


register(
    ModelEntry(
        name="residual_cnn",
        family="residual_cnn",
        config=ResidualCnnConfig(),
        network="panns.networks.residual_cnn:ResidualCnn",
        converter=None,
        weights=None,
        about="small residual CNN for training from scratch, frame scores",
    )
)
