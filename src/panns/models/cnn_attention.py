"""CNN14 with attention, or with a recurrent branch, over its time-frequency map.

A CNN pools what it heard without regard to order. A small residual branch in front of the head lets every place of the
map look at the others (attention) or at what came before and after (recurrence). The branch begins at nothing, so that
training starts from the published CNN14 and its answers. The two branches stand for themselves, so that a comparison
tells which of them helps.
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
        branch: "attention" is multi-head attention over all places of the map, with their time and frequency; "gru" a
            bidirectional recurrent layer over time.
        dim: Width of the branch; for attention a multiple of `n_heads`, for a recurrent layer even.
        n_heads: Heads of the attention.
    """

    cnn: CnnConfig = field(default_factory=CnnConfig)
    branch: Literal["attention", "gru"] = "attention"
    dim: int = 128
    n_heads: int = 8

    def __post_init__(self) -> None:
        if self.cnn.head != "clip":
            raise ValueError(f"cnn.head={self.cnn.head!r} must be 'clip', to which frame scores are added here")
        if self.branch not in ("attention", "gru"):
            raise ValueError(f"branch={self.branch!r} is not one of 'attention', 'gru'")
        if self.dim < 1 or self.n_heads < 1:
            raise ValueError(f"dim={self.dim} and n_heads={self.n_heads} must be at least 1")
        if self.branch == "attention" and (self.dim % self.n_heads or self.dim % 2):
            raise ValueError(f"dim={self.dim} must be even and a multiple of n_heads={self.n_heads}")
        if self.branch == "gru" and self.dim % 2:
            raise ValueError(f"dim={self.dim} must be even, half for each direction")

    @property
    def frontend(self) -> LogMelConfig:
        """That of the CNN."""
        return self.cnn.frontend

    @property
    def n_classes(self) -> int:
        """Those of the CNN."""
        return self.cnn.n_classes

    @property
    def min_input_samples(self) -> int:
        """That of the CNN."""
        return self.cnn.min_input_samples

    @property
    def embedding_dim(self) -> int | None:
        """That of the CNN."""
        return self.cnn.embedding_dim

    @property
    def frame_hop_s(self) -> float:
        """One column of the map: 0.32 s."""
        return self.frontend.hop_s * float(2**self.cnn.n_poolings)

    def n_frames(self, n_samples: int) -> int:
        """Columns of the map; poolings drop what does not fill one."""
        return self.frontend.n_frames(max(n_samples, self.min_input_samples)) >> self.cnn.n_poolings


def _register(name: str, config: CnnAttentionConfig, about: str) -> None:
    register(
        ModelEntry(
            name=name,
            family="cnn_attention",
            config=config,
            network="panns.networks.cnn_attention:CnnAttention",
            converter="panns.networks.cnn_attention:from_published",
            weights=None,
            about=about,
            starts_from="cnn14",
        )
    )


_register("cnn14_attention", CnnAttentionConfig(), "CNN14 with attention over its map, frame scores every 0.32 s")
_register(
    "cnn14_gru",
    CnnAttentionConfig(branch="gru"),
    "CNN14 with a recurrent branch over time, frame scores every 0.32 s",
)
