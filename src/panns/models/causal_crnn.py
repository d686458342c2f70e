"""A causal convolutional-recurrent network: it hears no sample before it has come, and remembers in a state.

Convolutions over the log-mel look back only; recurrent layers (minGRU: Feng et al. 2024, arXiv:2410.01201) remember
what they have seen, and cannot but forget it, so that nothing adds up in a stream that runs for days. What both need of
the past is one vector, so a stream is carried on by handing that vector over. Every look back costs a block of a stream
some tens of microseconds, so only one convolution of a stage has one.
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
        frontend: The log-mel, causal.
        stem_channels: Width of the first convolution, 5x5.
        channels: Width of each of the stages; each halves frequency, the first one halves time as well.
        embedding_dim: Width of the recurrent layers and of the embedding, a multiple of `n_heads`.
        n_recurrent: How many of these layers there are.
        memory_s: Seconds after which each of these layers remembers 1/e of what was, at most.
        n_heads: Parts of the vector that choose their own moments when blocks are averaged into the embedding.
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
            raise ValueError(f"frontend.alignment={self.frontend.alignment!r} must be 'causal', or it hears the future")
        if self.n_recurrent < 1:
            raise ValueError(f"n_recurrent={self.n_recurrent} must be at least 1")
        if not self.block_frames * self.frontend.hop_s <= self.memory_s < math.inf:
            raise ValueError(
                f"memory_s={self.memory_s} must be at least a block of {self.block_frames} frames, and end"
            )
        if self.embedding_dim % self.n_heads:
            raise ValueError(f"embedding_dim={self.embedding_dim} must be a multiple of n_heads={self.n_heads}")
        if self.frontend.n_mels % 2 ** (len(self.channels) + 1):
            raise ValueError(
                f"n_mels={self.frontend.n_mels} must be a multiple of {2 ** (len(self.channels) + 1)}, "
                "as every stage halves it"
            )

    @property
    def min_input_samples(self) -> int:
        """One sample; the rest of its block is silence."""
        return self.frontend.min_samples

    @property
    def frame_hop_s(self) -> float:
        """That of the log-mel, 10 ms: scores are made every `block_frames` and are straight lines in between."""
        return self.frontend.hop_s

    def n_frames(self, n_samples: int) -> int:
        """Number of score frames, one for each of the log-mel."""
        return self.frontend.n_frames(max(n_samples, self.min_input_samples))

    @property
    def block_frames(self) -> int:
        """Frames of the log-mel that it takes in at once."""
        return BLOCK_FRAMES

    @property
    def block_samples(self) -> int:
        """The same in samples."""
        return self.block_frames * self.frontend.hop_samples

    @property
    def n_overlap(self) -> int:
        """Samples before a block that its first frame looks back at."""
        return self.frontend.n_overlap

    @property
    def state_shapes(self) -> tuple[tuple[int, ...], ...]:
        """What its layers remember, in their order: what convolutions look back at, recurrent states, the scores."""
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
        about="causal convolutional-recurrent network, inside the package, hears live",
        shipped="shipped/stream",
    )
)
