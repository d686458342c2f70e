"""CNN14 with an attention branch or a recurrent branch over its time-frequency map.

The pooling of a CNN ignores the order of sounds. A small residual branch before the head adds context: attention
relates every position of the map to all others, recurrence relates columns in time. The branch starts at zero, so
training starts from the scores of the published CNN14. A model has one branch, so that the two can be compared.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from panns.frontend import LogMelConfig
from panns.models.base import BaseConfig
from panns.models.cnn import CnnConfig
from panns.models.registry import ModelEntry, register


@dataclass(frozen=True)
class CnnAttentionConfig(BaseConfig):
    """Settings of a CNN with a branch over its map.

    Attributes:
        cnn: The CNN, with a clip head.
        branch: "attention" for multi-head attention over all positions of the map, "gru" for a bidirectional recurrent
            layer over time.
        dim: Width of the branch, even; for attention also a multiple of `n_heads`.
        n_heads: Number of attention heads.
    """

    cnn: CnnConfig = field(default_factory=CnnConfig)
    branch: Literal["attention", "gru"] = "attention"
    dim: int = 128
    n_heads: int = 8

    def __post_init__(self) -> None:
        if self.cnn.head != "clip":
            raise ValueError(f"cnn.head={self.cnn.head!r} must be 'clip', because this model adds its own frame scores")
        if self.branch not in ("attention", "gru"):
            raise ValueError(f"branch={self.branch!r} must be 'attention' or 'gru'")
        if self.dim < 1 or self.n_heads < 1:
            raise ValueError(f"dim={self.dim} and n_heads={self.n_heads} must be at least 1")
        if self.branch == "attention" and (self.dim % self.n_heads or self.dim % 2):
            raise ValueError(f"dim={self.dim} must be even and a multiple of n_heads={self.n_heads}")
        if self.branch == "gru" and self.dim % 2:
            raise ValueError(f"dim={self.dim} must be even, for two directions")

    @property
    def frontend(self) -> LogMelConfig:
        """Front end of the CNN."""
        return self.cnn.frontend

    @property
    def n_classes(self) -> int:
        """Number of classes of the CNN."""
        return self.cnn.n_classes

    @property
    def min_input_samples(self) -> int:
        """Shortest input of the CNN."""
        return self.cnn.min_input_samples

    @property
    def embedding_dim(self) -> int | None:
        """Length of the embedding of the CNN."""
        return self.cnn.embedding_dim

    @property
    def frame_hop_s(self) -> float:
        """Hop of the columns of the map: 0.32 s."""
        return self.frontend.hop_s * float(2**self.cnn.n_poolings)

    def n_frames(self, n_samples: int) -> int:
        """Number of columns of the map; poolings drop an incomplete last column."""
        return self.frontend.n_frames(max(n_samples, self.min_input_samples)) >> self.cnn.n_poolings


def _register(name: str, config: CnnAttentionConfig, converter: str, about: str) -> None:
    register(
        ModelEntry(
            name=name,
            family="cnn_attention",
            config=config,
            network="panns.networks.cnn_attention:CnnAttention",
            converter=f"panns.published.cnn_attention:{converter}",
            weights=None,
            about=about,
            starts_from="cnn14",
        )
    )


_register(
    "cnn14_attention",
    CnnAttentionConfig(),
    "attention_from_published",
    "CNN14 with attention over its map, frame scores every 0.32 s",
)
_register(
    "cnn14_gru",
    CnnAttentionConfig(branch="gru"),
    "recurrence_from_published",
    "CNN14 with a recurrent branch over time, frame scores every 0.32 s",
)
