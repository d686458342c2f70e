"""A small residual CNN over the PANNs' log-mel: the model that ships inside this package.

Time and frequency are strided early to keep it cheap. Its convolutions are plain 3x3 ones with residual connections (He
et al. 2016, arXiv:1512.03385), which learn from few clips in fewer steps than depthwise ones.
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
        channels: Width of each of the three stages; each halves frequency, the first two halve time as well.
        embedding_dim: Width of a frame's vector and of the embedding, a multiple of `n_heads`.
        n_heads: Parts of the vector that choose their own moments when frames are averaged into the embedding.
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
        """What the front end can reflect; the convolutions accept any number of frames."""
        return self.frontend.min_samples

    @property
    def frame_hop_s(self) -> float:
        """0.08 s."""
        return self.frontend.hop_s * TIME_STRIDE

    def n_frames(self, n_samples: int) -> int:
        """Number of score frames; the last may look at fewer log-mel frames than the others."""
        return -(-self.frontend.n_frames(max(n_samples, self.min_input_samples)) // TIME_STRIDE)


register(
    ModelEntry(
        name="builtin",
        family="residual_cnn",
        config=ResidualCnnConfig(),
        network="panns.networks.residual_cnn:ResidualCnn",
        converter=None,
        weights=None,
        about="small residual CNN, inside the package, frame scores",
        shipped="shipped/builtin",
    )
)
