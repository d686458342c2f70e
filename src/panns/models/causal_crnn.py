"""A causal convolutional-recurrent network, which scores a stream block by block.

Convolutions over the log-mel use past frames only. Recurrent layers (minGRU: Feng et al. 2024, arXiv:2410.01201) have a
bounded memory, so rounding errors do not add up in a stream of days. The past that both need is one vector, the state,
which is passed from block to block. Each convolution over past frames costs some tens of microseconds a block, so a
stage has only one.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field

from panns.frontend import LogMelConfig
from panns.models.base import BaseConfig
from panns.models.registry import ModelEntry, register

STEM_KERNEL = 5
BLOCK_FRAMES = 4  # the stem and the first stage halve time


@dataclass(frozen=True)
class CausalCrnnConfig(BaseConfig):
    """Settings of a causal convolutional-recurrent network.

    Attributes:
        frontend: The log-mel, with causal alignment.
        stem_channels: Width of the first convolution, 5x5.
        channels: Width of each stage; every stage halves frequency, and the first one halves time too.
        embedding_dim: Width of the recurrent layers and of the embedding, a multiple of `n_heads`.
        n_recurrent: Number of recurrent layers.
        memory_s: Longest memory of a recurrent layer, in seconds: the time after which at most 1/e of the past is left.
        n_heads: Number of attention weights over time when blocks are averaged into the embedding.
        n_classes: Number of classes.
        dropout: Dropout before the classifier, in training.
    """

    frontend: LogMelConfig = field(
        default_factory=lambda: LogMelConfig(
            sample_rate=16_000, n_fft=512, window_samples=512, hop_samples=160, alignment="causal", f_max_hz=8_000.0
        )
    )
    stem_channels: int = 24
    channels: tuple[int, ...] = (32, 64, 96)
    embedding_dim: int = 256
    n_recurrent: int = 2
    memory_s: float = 10.0
    n_heads: int = 8
    n_classes: int = 527
    dropout: float = 0.1

    def __post_init__(self) -> None:
        if self.frontend.alignment != "causal":
            raise ValueError(
                f"frontend.alignment={self.frontend.alignment!r} must be 'causal', without samples of the future"
            )
        if self.n_recurrent < 1:
            raise ValueError(f"n_recurrent={self.n_recurrent} must be at least 1")
        if not self.block_frames * self.frontend.hop_s <= self.memory_s < math.inf:
            raise ValueError(
                f"memory_s={self.memory_s} must be finite and at least one block of {self.block_frames} frames, "
                f"{self.block_frames * self.frontend.hop_s:g} s"
            )
        if self.embedding_dim % self.n_heads:
            raise ValueError(f"embedding_dim={self.embedding_dim} must be a multiple of n_heads={self.n_heads}")
        if self.frontend.n_mels % 2 ** (len(self.channels) + 1):
            raise ValueError(
                f"n_mels={self.frontend.n_mels} must be a multiple of {2 ** (len(self.channels) + 1)}, "
                "because the stem and every stage halve it"
            )

    @property
    def min_input_samples(self) -> int:
        """One sample; silence fills the rest of the block."""
        return self.frontend.min_samples

    @property
    def frame_hop_s(self) -> float:
        """Hop of the log-mel, 10 ms: one score per block, with linear interpolation between blocks."""
        return self.frontend.hop_s

    def n_frames(self, n_samples: int) -> int:
        """Number of score frames, one for each log-mel frame."""
        return self.frontend.n_frames(max(n_samples, self.min_input_samples))

    @property
    def block_frames(self) -> int:
        """Log-mel frames in one block."""
        return BLOCK_FRAMES

    @property
    def block_samples(self) -> int:
        """Samples in one block."""
        return self.block_frames * self.frontend.hop_samples

    @property
    def n_overlap(self) -> int:
        """Samples before a block that its first frame overlaps."""
        return self.frontend.n_overlap

    @property
    def state_shapes(self) -> tuple[tuple[int, ...], ...]:
        """Shapes of the parts of the state: past frames of convolutions, recurrent states, last logits."""
        n_mels = self.frontend.n_mels
        stages = [(n_out, 2, n_mels // 2 ** (2 + stage)) for stage, n_out in enumerate(self.channels)]
        stem = [(1, STEM_KERNEL - 2, n_mels), (self.stem_channels, 1, n_mels // 2)]
        recurrent = [(self.embedding_dim,)] * self.n_recurrent
        return (*stem, *stages, *recurrent, (self.n_classes,))

    @property
    def state_size(self) -> int:
        """Numbers in the state."""
        return sum(math.prod(shape) for shape in self.state_shapes)


register(
    ModelEntry(
        name="stream",
        family="causal_crnn",
        config=CausalCrnnConfig(),
        network="panns.networks.causal_crnn:CausalCrnn",
        converter=None,
        weights=None,
        about="causal convolutional-recurrent network, inside the package, for live audio",
        shipped="shipped/stream",
    )
)
