"""MobileNetV3 with frame scores, the model `builtin`: EfficientAT's blocks with fewer strides in time.

Schmid et al. 2022, arXiv:2211.04772. A log-mel of 64 bands every 20 ms halves the cost of the front end compared with
128 bands every 10 ms, and gives the first layers a quarter of the values.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from panns.frontend import LogMelConfig
from panns.models.base import BaseConfig
from panns.models.efficientat import KALDI_LOGMEL, round_channels
from panns.models.registry import ModelEntry, register

N_STRIDED = 5  # the stem and four blocks of MobileNetV3
MIN_FRAMES = 16  # 0.32 s, as for mn04_as; convolutions over a shorter sound see little but padding


@dataclass(frozen=True)
class StridedMobileNetConfig(BaseConfig):
    """Settings of a MobileNetV3 (large) with frame scores.

    Attributes:
        frontend: The log-mel.
        width: Multiplies every number of channels.
        n_time_strides: Number of strided layers, of five, that halve time; the others halve frequency alone.
        n_heads: Number of attention weights over time when frames are averaged into the embedding.
        hidden_dim: Width of the layer before the classifier.
        n_classes: Number of classes.
        dropout: Dropout before the classifier, in training.
    """

    frontend: LogMelConfig = replace(KALDI_LOGMEL, hop_samples=640, n_mels=64)
    width: float = 0.4
    n_time_strides: int = 2
    n_heads: int = 8
    hidden_dim: int = 384
    n_classes: int = 527
    dropout: float = 0.2

    def __post_init__(self) -> None:
        if self.width <= 0:
            raise ValueError(f"width={self.width} must be positive")
        if not 0 <= self.n_time_strides <= N_STRIDED:
            raise ValueError(
                f"n_time_strides={self.n_time_strides} must be 0 to {N_STRIDED}, the number of strided layers"
            )
        if self.embedding_dim % self.n_heads:
            raise ValueError(f"n_heads={self.n_heads} must divide the length of the embedding, {self.embedding_dim}")

    @property
    def embedding_dim(self) -> int:
        """Channels of the last convolution."""
        return 6 * round_channels(160 * self.width)

    @property
    def min_input_samples(self) -> int:
        """16 log-mel frames, 0.32 s."""
        return self.frontend.samples_for(MIN_FRAMES)

    @property
    def frame_hop_s(self) -> float:
        """Hop of the last map: 0.08 s for two strides in time."""
        return self.frontend.hop_s * (1 << self.n_time_strides)

    def n_frames(self, n_samples: int) -> int:
        """Number of score frames; the last one may cover fewer log-mel frames than the others."""
        return -(-self.frontend.n_frames(max(n_samples, self.min_input_samples)) // (1 << self.n_time_strides))


register(
    ModelEntry(
        name="builtin",
        family="strided_mobilenet",
        config=StridedMobileNetConfig(),
        network="panns.networks.strided_mobilenet:StridedMobileNet",
        converter=None,
        weights=None,
        about="MobileNetV3, 0.4 times the standard width, inside the package, frame scores",
        shipped="shipped/builtin",
    )
)
